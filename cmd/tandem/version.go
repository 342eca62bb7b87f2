package main

import (
	"fmt"
	"os"
	"runtime"
)

type versionCmd struct{}

func (versionCmd) Run() error {
	fmt.Printf("tandem %s (%s, %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}

type configCmd struct {
	Check configCheckCmd `cmd:"" help:"Say what is wrong with the configuration, all at once."`
	Print configPrintCmd `cmd:"" help:"Print the configuration in force, secrets hidden."`
}

type configCheckCmd struct{ configFlag }

func (c configCheckCmd) Run() error {
	if _, err := c.load(); err != nil {
		return err
	}
	fmt.Println("The configuration is good.")
	return nil
}

type configPrintCmd struct{ configFlag }

func (c configPrintCmd) Run() error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	out, err := cfg.YAML()
	if err != nil {
		return fmt.Errorf("print the configuration: %w", err)
	}
	_, err = os.Stdout.Write(out)
	return err
}
