package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"tandem/cmd/tandem/carrier"
)

type carrierCmd struct {
	Listen   string  `default:"127.0.0.1:5070" help:"UDP address."`
	User     string  `default:"tandem" help:"The customer's account."`
	Password string  `default:"demo" env:"TANDEM_CARRIER_PASSWORD" help:"The customer's password."`
	Tone     float64 `default:"1333" help:"Tone of numbers that answer, in Hz."`
	Record   string  `type:"path" placeholder:"DIR" help:"Record answered calls there."`
	JSON     bool    `name:"json" help:"Events as JSON, one a line."`
}

func (c carrierCmd) Help() string {
	return "Its numbers, by their last four digits:\n" + carrier.Numbers + `

Commands on standard input:
  call TO [from FROM] [play FILE.wav] [digits 1#] [after 8s|beep] [for 2s]
  quit`
}

// Run serves until standard input says quit or the context ends. A closed standard input changes nothing.
func (c carrierCmd) Run(ctx context.Context) error {
	log := newLogger(Log{Level: "warn"})
	var mu sync.Mutex
	events := func(e carrier.Event) {
		mu.Lock()
		defer mu.Unlock()
		if c.JSON {
			_ = printJSON(os.Stdout, e)
			return
		}
		fmt.Println(e)
	}
	ca, err := carrier.Start(carrier.Config{Listen: c.Listen, User: c.User, Password: c.Password, Tone: c.Tone, Record: c.Record, Events: events, Log: log})
	if err != nil {
		return err
	}
	defer ca.Close()
	events(carrier.Event{Time: time.Now(), Event: "listening", Text: ca.Addr().String()})
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go c.obey(ctx, cancel, ca, os.Stdin)
	<-ctx.Done()
	return nil
}

// obey reads commands, a line each. A call runs beside the next command.
func (c carrierCmd) obey(ctx context.Context, quit func(), ca *carrier.Carrier, in io.Reader) {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) == 0 {
			continue
		}
		switch words[0] {
		case "quit":
			quit()
			return
		case "call":
			o, err := parseCall(words[1:])
			if err != nil {
				fmt.Fprintln(os.Stderr, "carrier:", err)
				continue
			}
			go func() {
				if _, err := ca.Call(ctx, o); err != nil {
					fmt.Fprintln(os.Stderr, "carrier:", err)
				}
			}()
		default:
			fmt.Fprintf(os.Stderr, "carrier: unknown command %q: call or quit\n", words[0])
		}
	}
}

func parseCall(words []string) (carrier.CallOptions, error) {
	if len(words)%2 == 0 {
		return carrier.CallOptions{}, fmt.Errorf("call TO [from FROM] [play FILE] [digits 1#] [after 8s] [for 2s]")
	}
	o := carrier.CallOptions{To: words[0], From: "+12025550123"}
	for i := 1; i < len(words); i += 2 {
		value, err := words[i+1], error(nil)
		switch words[i] {
		case "from":
			o.From = value
		case "play":
			o.Play, err = carrier.ReadWAV(value)
		case "after":
			if o.Beep = value == "beep"; !o.Beep {
				o.After, err = time.ParseDuration(value)
			}
		case "digits":
			o.Digits = value
		case "for":
			o.For, err = time.ParseDuration(value)
		default:
			err = fmt.Errorf("unknown word %q", words[i])
		}
		if err != nil {
			return o, fmt.Errorf("%s %s: %w", words[i], value, err)
		}
	}
	return o, nil
}
