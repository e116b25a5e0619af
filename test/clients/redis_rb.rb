# Executes the commands that it reads from the standard input with redis-rb's cluster client, one after the other.
#
# Input: lines of JSON with a command such as ["SET", "key", "value"].
# Output: {"version": …} once connected, then {"reply": …} or {"error": …} for each command.
# Environment: the variables of `cluster.environment()`, and CLIENT_OPTIONS, which is "default" or "recommended".

require "json"
require "redis-clustering"

def answer(message)
  $stdout.puts JSON.generate(message)
  $stdout.flush
end

options = {}
if ENV["CLIENT_OPTIONS"] == "recommended"
  # https://github.com/redis-rb/redis-client#reconnection and https://github.com/redis-rb/redis-cluster-client#initialization
  options = { reconnect_attempts: [0, 0.05, 0.1], timeout: 3.0, slow_command_timeout: 4 }
end
if ENV["REDIS_TLS_CA"]
  File.write("/tmp/ca.crt", ENV["REDIS_TLS_CA"])
  options.merge!(ssl: true, ssl_params: { ca_file: "/tmp/ca.crt" })
end
client = Redis::Cluster.new(nodes: ENV["REDIS_URLS"].split(","), **options)
client.ping
answer({ version: Gem.loaded_specs["redis-clustering"]&.version&.to_s || Redis::VERSION })
$stdin.each_line do |line|
  command = JSON.parse(line)
  next if command.is_a?(Hash) # an address map, which redis-rb cannot have

  begin
    answer({ reply: client.call(*command) })
  rescue StandardError => e # whatever the client reports is a result
    answer({ error: "#{e.class}: #{e.message}" })
  end
end
