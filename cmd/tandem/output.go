package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/lmittmann/tint"
	"golang.org/x/term"
)

// configFlag is shared by the commands that read the configuration.
type configFlag struct {
	Config string `short:"c" type:"path" placeholder:"FILE" help:"Configuration file (YAML). TANDEM_... variables override it."`
}

func (f configFlag) load() (Config, error) { return loadConfig(f.Config) }

// newLogger writes to standard error: colored on a terminal, else as c says.
func newLogger(c Log) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.Level)) // validated
	tty := term.IsTerminal(int(os.Stderr.Fd()))
	var h slog.Handler
	switch {
	case c.Format == "json":
		h = slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: level})
	case tty:
		h = tint.NewTextHandler(os.Stderr, &tint.Options{Level: level, TimeFormat: time.TimeOnly})
	default:
		h = slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})
	}
	log := slog.New(h)
	// sipgo logs whole packets of strangers at error level; what matters of them is counted by sipua.
	sip.SetDefaultLogger(slog.New(slog.DiscardHandler))
	return log
}

// printJSON writes v as one line.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

// usage is an error of the command line.
func usage(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errUsage, fmt.Sprintf(format, args...))
}
