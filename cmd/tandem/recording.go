package main

import (
	"errors"
	"fmt"
	"os"

	"tandem/gateway/codec"
	"tandem/gateway/codec/measure"
)

// A recording is the file of --record. It is opened before anybody is called, and what was in it is lost only when
// there is something new to write.
type recording struct {
	file   *os.File // nil: nothing is to be written
	fresh  bool     // the file was not there before
	writer *codec.WAVWriter
}

func openRecording(name string) (*recording, error) {
	if name == "" {
		return &recording{}, nil
	}
	_, err := os.Stat(name)
	fresh := errors.Is(err, os.ErrNotExist)
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return nil, fmt.Errorf("open the recording: %w", err)
	}
	return &recording{file: f, fresh: fresh}, nil
}

// ear listens, and writes down if asked to.
func (r *recording) ear() (*measure.Recorder, error) {
	if r.file == nil {
		return &measure.Recorder{}, nil
	}
	// What is no plain file (a pipe, /dev/null) cannot be cut, and does not need it.
	_ = r.file.Truncate(0)
	w, err := codec.NewWAVWriter(r.file)
	if err != nil {
		return nil, fmt.Errorf("write the recording: %w", err)
	}
	r.writer = w
	return &measure.Recorder{Also: w}, nil
}

// Close finishes the file. One that nothing was written to is removed again.
func (r *recording) Close() error {
	switch {
	case r.file == nil:
		return nil
	case r.writer != nil:
		return errors.Join(r.writer.Close(), r.file.Close())
	case r.fresh:
		return errors.Join(r.file.Close(), os.Remove(r.file.Name()))
	}
	return r.file.Close()
}
