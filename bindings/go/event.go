package sark

/*
#include <sark.h>
*/
import "C"

import (
	"context"
	"log/slog"
	"runtime"
	"time"
	"weak"
)

// Event is something that happened to flags, to a client or to a source, or that a policy printed.
type Event struct {
	When    time.Time      `json:"when"`
	Level   string         `json:"level"` // "info", "warning" or "error"
	Name    string         `json:"event"` // for a program: "rollout_updated", "fallback", …
	Message string         `json:"message"`
	Fields  map[string]any `json:"fields"`
}

// NextEvent gives the next thing that happened, for one who logs himself, and false where nothing did within the time. 256 wait.
func (f *Flags) NextEvent(timeout time.Duration) (Event, bool, error) {
	out := newBuffer()
	defer out.release()
	var failed *C.sark_error
	status := C.sark_flags_next(f.handle, C.uint64_t(max(0, timeout)), out.handle, &failed)
	runtime.KeepAlive(f)
	return readEvent(out, status, failed)
}

// NextEvent gives the next thing that happened, for one who logs himself, and false where nothing did within the time. 256 wait.
func (c *Client) NextEvent(timeout time.Duration) (Event, bool, error) {
	out := newBuffer()
	defer out.release()
	var failed *C.sark_error
	status := C.sark_client_next(c.handle, C.uint64_t(max(0, timeout)), out.handle, &failed)
	runtime.KeepAlive(c)
	return readEvent(out, status, failed)
}

// NextEvent gives the next thing that happened ("activated", "refused", "unreachable", …), and false where nothing did within the
// time. 256 wait.
func (s *Source) NextEvent(timeout time.Duration) (Event, bool, error) {
	out := newBuffer()
	defer out.release()
	var failed *C.sark_error
	status := C.sark_source_next(s.handle, C.uint64_t(max(0, timeout)), out.handle, &failed)
	runtime.KeepAlive(s)
	return readEvent(out, status, failed)
}

// NextEvent gives the next line that a policy printed ("print", with its policy, row and col in Fields), and false where none was within
// the time. There are none without EngineOptions.PrintStatements. 256 wait.
func (e *Engine) NextEvent(timeout time.Duration) (Event, bool, error) {
	out := newBuffer()
	defer out.release()
	var failed *C.sark_error
	status := C.sark_engine_next(e.handle, C.uint64_t(max(0, timeout)), out.handle, &failed)
	runtime.KeepAlive(e)
	return readEvent(out, status, failed)
}

func readEvent(out *buffer, status C.int32_t, failed *C.sark_error) (Event, bool, error) {
	if err := failure(status, failed); err != nil || status == C.SARK_MISS {
		return Event{}, false, err
	}
	event, err := unmarshal[Event](out, nil)
	return event, err == nil, err
}

// patience is how long a goroutine keeps a handle alive that nobody else has.
const patience = 500 * time.Millisecond

// logEvents ends once the flags or the client are closed, or nobody has them.
func logEvents[T any](reference weak.Pointer[T], next func(*T, time.Duration) (Event, bool, error), logger *slog.Logger) {
	levels := map[string]slog.Level{"info": slog.LevelInfo, "warning": slog.LevelWarn}
	for source := reference.Value(); source != nil; source = reference.Value() {
		event, happened, err := next(source, patience)
		if err != nil {
			return
		}
		if level, known := levels[event.Level]; happened && known {
			logger.Log(context.Background(), level, event.Message, "event", event.Name, "fields", event.Fields)
		} else if happened {
			logger.Error(event.Message, "event", event.Name, "fields", event.Fields)
		}
	}
}
