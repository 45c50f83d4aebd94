// Load on one HTTP server: so many kept-alive connections that ask as fast as they are answered, for so long. Prints the requests per second,
// the median and 99th percentile of a request in microseconds, and how many there were; fails where an answer is not 200.
//
// Usage: load_go HOST:PORT PATH USER CONNECTIONS DURATION
package main

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"time"
)

// The client of net/http takes a good part of a core by itself; the requests are all the same, so that writing bytes will do.
func ask(address, path, user string, until time.Time) ([]time.Duration, error) {
	connection, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	request := []byte("GET " + path + " HTTP/1.1\r\nHost: " + address + "\r\nX-User: " + user + "\r\n\r\n")
	reader := bufio.NewReader(connection)
	var times []time.Duration
	for start := time.Now(); start.Before(until); start = time.Now() {
		if _, err := connection.Write(request); err != nil {
			return nil, err
		}
		answer, err := http.ReadResponse(reader, nil)
		if err != nil {
			return nil, err
		}
		if _, err := io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode != 200 {
			return nil, fmt.Errorf("%s: %v", answer.Status, err)
		}
		times = append(times, time.Since(start))
	}
	return times, nil
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 6 {
		log.Fatal("usage: load_go HOST:PORT PATH USER CONNECTIONS DURATION")
	}
	connections, err := strconv.Atoi(os.Args[4])
	if err != nil {
		log.Fatal(err)
	}
	duration, err := time.ParseDuration(os.Args[5])
	if err != nil {
		log.Fatal(err)
	}
	start := time.Now()
	type result struct {
		times []time.Duration
		err   error
	}
	results := make(chan result)
	for range connections {
		go func() {
			times, err := ask(os.Args[1], os.Args[2], os.Args[3], start.Add(duration))
			results <- result{times, err}
		}()
	}
	var all []time.Duration
	for range connections {
		each := <-results
		if each.err != nil {
			log.Fatal(each.err)
		}
		all = append(all, each.times...)
	}
	taken := time.Since(start).Seconds()
	slices.Sort(all)
	at := func(percent int) int64 { return all[len(all)*percent/100].Microseconds() }
	fmt.Printf("%.0f %d %d %d\n", float64(len(all))/taken, at(50), at(99), len(all))
}
