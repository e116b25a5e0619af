// Executes the commands that it reads from the standard input with phpredis' RedisCluster, one after the other.
//
// Input: lines of JSON with a command such as ["SET", "key", "value"].
// Output: {"version": …} once connected, then {"reply": …} or {"error": …} for each command.
// Environment: the variables of `cluster.environment()`, and CLIENT_OPTIONS, which is "default" or "recommended".

function answer(array $message): void
{
    fwrite(STDOUT, json_encode($message) . "\n");
    fflush(STDOUT);
}

// https://github.com/phpredis/phpredis/blob/develop/cluster.md
[$timeout, $readTimeout, $persistent] = getenv("CLIENT_OPTIONS") === "recommended" ? [1.5, 1.5, true] : [0, 0, false];
$auth = null;
if (getenv("REDIS_PASSWORD") !== false) {
    $auth = array_filter([getenv("REDIS_USERNAME"), getenv("REDIS_PASSWORD")]);
}
$context = null;
if (getenv("REDIS_TLS_CA") !== false) {
    file_put_contents("/tmp/ca.crt", getenv("REDIS_TLS_CA"));
    $context = ["cafile" => "/tmp/ca.crt", "peer_name" => getenv("REDIS_TLS_SERVERNAME") ?: "localhost"];
}
$seeds = explode(",", getenv("REDIS_NODES"));
$client = new RedisCluster(null, $seeds, $timeout, $readTimeout, $persistent, $auth, $context);
answer(["version" => phpversion("redis")]);
while (($line = fgets(STDIN)) !== false) {
    $command = json_decode($line, true);
    if (!array_is_list($command)) {
        continue; // an address map, which phpredis cannot have
    }
    try {
        // Not `rawCommand`, which sends to one node and follows no redirection.
        $reply = $client->{strtolower(array_shift($command))}(...$command);
        $error = $client->getLastError();
        $client->clearLastError();
        answer($reply === false && $error !== null ? ["error" => $error] : ["reply" => $reply]);
    } catch (RedisClusterException $exception) {
        answer(["error" => get_class($exception) . ": " . $exception->getMessage()]);
    }
}
