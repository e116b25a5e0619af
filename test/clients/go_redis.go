// Executes the commands that it reads from the standard input with go-redis' cluster client, one after the other. The image contains
// the compiled program.
//
// Input: lines of JSON, either a command such as ["SET", "key", "value"], or a new address map such as
// {"10.0.0.2:6379": "127.0.0.1:32768"}.
// Output: {"version": …} once connected, then {"reply": …} or {"error": …} for each command.
// Environment: the variables of `cluster.environment()`, and CLIENT_OPTIONS, which is "default" or "recommended".
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

var addressMap sync.Map

func setAddressMap(text []byte) {
	var entries map[string]string
	if json.Unmarshal(text, &entries) != nil {
		return
	}
	for announced, address := range entries {
		addressMap.Store(announced, address)
	}
}

func main() {
	ctx := context.Background()
	options := &redis.ClusterOptions{
		Addrs:    strings.Split(os.Getenv("REDIS_NODES"), ","),
		Username: os.Getenv("REDIS_USERNAME"),
		Password: os.Getenv("REDIS_PASSWORD"),
	}
	if os.Getenv("CLIENT_OPTIONS") == "recommended" {
		// https://redis.io/docs/latest/develop/clients/go/produsage/
		options.MinRetryBackoff = 10 * time.Millisecond
		options.MaxRetryBackoff = 100 * time.Millisecond
		options.DialTimeout = 10 * time.Second
		options.ReadTimeout = 5 * time.Second
		options.WriteTimeout = 5 * time.Second
	}
	if ca := os.Getenv("REDIS_TLS_CA"); ca != "" {
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM([]byte(ca))
		options.TLSConfig = &tls.Config{RootCAs: pool, ServerName: os.Getenv("REDIS_TLS_SERVERNAME")}
	}
	if text := os.Getenv("REDIS_ADDRESS_MAP"); text != "" {
		setAddressMap([]byte(text))
		options.Dialer = func(ctx context.Context, network, address string) (net.Conn, error) {
			if mapped, found := addressMap.Load(address); found {
				address = mapped.(string)
			}
			dialer := &net.Dialer{Timeout: 5 * time.Second}
			connection, err := dialer.DialContext(ctx, network, address)
			// This replaces the dialer that starts TLS.
			if err != nil || options.TLSConfig == nil {
				return connection, err
			}
			return tls.Client(connection, options.TLSConfig), nil
		}
	}
	client := redis.NewClusterClient(options)
	if err := client.Ping(ctx).Err(); err != nil {
		panic(err)
	}
	output := json.NewEncoder(os.Stdout)
	output.Encode(map[string]any{"version": redis.Version()})
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		line := input.Bytes()
		if line[0] == '{' {
			setAddressMap(line)
			continue
		}
		var command []any
		json.Unmarshal(line, &command)
		if reply, err := client.Do(ctx, command...).Result(); err != nil {
			output.Encode(map[string]any{"error": err.Error()})
		} else {
			output.Encode(map[string]any{"reply": reply})
		}
	}
}
