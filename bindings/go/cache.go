package sark

/*
#include <sark.h>
#cgo noescape sark_cache_get
#cgo nocallback sark_cache_get
#cgo noescape sark_cache_set
#cgo nocallback sark_cache_set
*/
import "C"

import (
	"encoding/json"
	"runtime"
	"time"
)

// CacheOptions bound a cache.
type CacheOptions struct {
	MaxEntries    uint64
	MaxBytes      uint64
	DefaultTTL    time.Duration // NoTimeout: entries do not expire
	SweepInterval time.Duration
	Metrics       *Metrics // nil: none
}

// CacheStats counts since the cache was made; Entries and Bytes are of now.
type CacheStats struct {
	Hits        uint64 `json:"hits"`
	Misses      uint64 `json:"misses"`
	Sets        uint64 `json:"sets"`
	Removals    uint64 `json:"removals"`
	Evictions   uint64 `json:"evictions"`
	Expirations uint64 `json:"expirations"`
	Entries     uint64 `json:"entries"`
	Bytes       uint64 `json:"bytes"`
}

// Cache keeps bytes by key, within a number of entries and of bytes, each for a time. A key is any bytes.
type Cache struct {
	handle *C.sark_cache
	_      ownBlock
}

// NewCache makes an empty cache.
func NewCache(options ...CacheOptions) (*Cache, error) {
	chosen := last(options)
	raw := C.sark_cache_options{
		struct_size:       C.sizeof_sark_cache_options,
		max_entries:       C.uint64_t(chosen.MaxEntries),
		max_bytes:         C.uint64_t(chosen.MaxBytes),
		default_ttl_ns:    nanoseconds(chosen.DefaultTTL),
		sweep_interval_ns: nanoseconds(chosen.SweepInterval),
		metrics:           chosen.Metrics.pointer(),
	}
	var handle *C.sark_cache
	var failed *C.sark_error
	status := C.sark_cache_new(&raw, &handle, &failed)
	runtime.KeepAlive(chosen.Metrics)
	if err := failure(status, failed); err != nil {
		return nil, err
	}
	made := &Cache{handle: handle}
	runtime.AddCleanup(made, freeCache, handle)
	return made, nil
}

func freeCache(handle *C.sark_cache) { C.sark_cache_free(handle) }

// Close makes later calls fail with ErrClosed. It never fails.
func (c *Cache) Close() error {
	C.sark_cache_close(c.handle)
	runtime.KeepAlive(c)
	return nil
}

// Get returns a copy of the value, and whether there is one.
func (c *Cache) Get(key string) (value []byte, found bool, err error) {
	out := newBuffer()
	defer out.release()
	keyPointer, keyLength := textBytes(key)
	var failed *C.sark_error
	status := C.sark_cache_get(c.handle, keyPointer, keyLength, out.handle, &failed)
	runtime.KeepAlive(c)
	if status != C.SARK_OK {
		return nil, false, failure(status, failed)
	}
	return out.copy(), true, nil
}

// Set keeps a copy of the value for ttl: zero is the cache's default, NoTimeout for ever. It fails with ErrTooLarge
// where the entry fits no budget.
func (c *Cache) Set(key string, value []byte, ttl time.Duration) error {
	keyPointer, keyLength := textBytes(key)
	valuePointer, valueLength := raw(value)
	options := C.sark_cache_set_options{struct_size: C.sizeof_sark_cache_set_options, ttl_ns: nanoseconds(ttl)}
	var failed *C.sark_error
	status := C.sark_cache_set(
		c.handle, keyPointer, keyLength, valuePointer, valueLength, &options, nil, &failed)
	runtime.KeepAlive(c)
	return failure(status, failed)
}

// Remove tells whether the key was there.
func (c *Cache) Remove(key string) (bool, error) {
	keyPointer, keyLength := textBytes(key)
	var failed *C.sark_error
	status := C.sark_cache_remove(c.handle, keyPointer, keyLength, &failed)
	runtime.KeepAlive(c)
	return status == C.SARK_OK, failure(status, failed)
}

// Clear removes everything.
func (c *Cache) Clear() error {
	var failed *C.sark_error
	status := C.sark_cache_clear(c.handle, &failed)
	runtime.KeepAlive(c)
	return failure(status, failed)
}

// Len is how many entries there are.
func (c *Cache) Len() (uint64, error) {
	var value C.uint64_t
	var failed *C.sark_error
	status := C.sark_cache_len(c.handle, &value, &failed)
	runtime.KeepAlive(c)
	return uint64(value), failure(status, failed)
}

// Bytes is what the entries take.
func (c *Cache) Bytes() (uint64, error) {
	var value C.uint64_t
	var failed *C.sark_error
	status := C.sark_cache_bytes(c.handle, &value, &failed)
	runtime.KeepAlive(c)
	return uint64(value), failure(status, failed)
}

// CleanupExpired removes now what has expired, rather than at the next sweep, and tells how many that were.
func (c *Cache) CleanupExpired() (uint64, error) {
	var value C.uint64_t
	var failed *C.sark_error
	status := C.sark_cache_cleanup_expired(c.handle, &value, &failed)
	runtime.KeepAlive(c)
	return uint64(value), failure(status, failed)
}

// Stats are the cache's counters.
func (c *Cache) Stats() (stats CacheStats, err error) {
	out := newBuffer()
	defer out.release()
	var failed *C.sark_error
	status := C.sark_cache_stats(c.handle, out.handle, &failed)
	runtime.KeepAlive(c)
	if err := failure(status, failed); err != nil {
		return stats, err
	}
	err = json.Unmarshal(out.view(), &stats)
	return stats, err
}
