package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/providers/structs"
	"github.com/knadh/koanf/v2"
)

// loadConfig lays the file over the defaults and the environment over both. An unknown key or variable is an error: a
// misspelled one would otherwise be ignored in silence.
func loadConfig(path string) (Config, error) {
	k := koanf.New(".")
	if err := k.Load(structs.Provider(DefaultConfig(), "koanf"), nil); err != nil {
		return Config{}, fmt.Errorf("configuration defaults: %w", err)
	}
	known := k.Keys()
	problems, err := layFile(k, path, known)
	if err != nil {
		return Config{}, err
	}
	misspelled, err := layEnvironment(k, known)
	if err != nil {
		return Config{}, err
	}
	problems = append(problems, misspelled...)
	var c Config
	if err := k.Unmarshal("", &c); err != nil {
		return Config{}, fmt.Errorf("configuration: %w", err)
	}
	return c, errors.Join(append(problems, c.Validate())...)
}

// layFile lays the configuration file over k, as far as its keys are known and its values have the form they should.
func layFile(k *koanf.Koanf, path string, known []string) (problems []error, err error) {
	if path == "" {
		return nil, nil
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, usage("there is no configuration file %s", path)
	}
	f := koanf.New(".")
	if err := f.Load(file.Provider(path), yaml.Parser()); err != nil {
		return nil, fmt.Errorf("read the configuration %s: %w", path, err)
	}
	for key, value := range f.Raw() {
		problems = append(problems, layKey(k, key, value, known)...)
	}
	slices.SortFunc(problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return problems, nil
}

// layKey lays one key of the file over k, with everything below it.
func layKey(k *koanf.Koanf, key string, value any, known []string) (problems []error) {
	bad := func(format string, args ...any) []error {
		return []error{fmt.Errorf("%s: %s", key, fmt.Sprintf(format, args...))}
	}
	below, isSection := value.(map[string]any)
	i := slices.IndexFunc(known, func(name string) bool { return strings.HasPrefix(name, key+".") })
	switch {
	case value == nil: // nothing is said
	case slices.Contains(known, key):
		if _, isList := value.([]any); isList || isSection {
			return bad("one value is expected, not a list and no keys below it")
		}
		if err := k.Set(key, fmt.Sprint(value)); err != nil {
			return bad("%v", err)
		}
	case i < 0:
		return bad("there is no such key")
	case !isSection:
		return bad("is a section with keys such as %s, not %v", known[i], value)
	}
	for name, v := range below {
		problems = append(problems, layKey(k, key+"."+name, v, known)...)
	}
	return problems
}

// foreign are beginnings of variables that are nobody's settings: of tests, of the carrier, and what Docker and
// Kubernetes set for a service called tandem.
var foreign = []string{"TANDEM_TEST_", "TANDEM_E2E_", "TANDEM_CARRIER_", "TANDEM_SERVICE_", "TANDEM_PORT"}

// layEnvironment lays TANDEM_… variables over k.
func layEnvironment(k *koanf.Koanf, known []string) (problems []error, err error) {
	err = k.Load(env.Provider(".", env.Opt{Prefix: "TANDEM_", TransformFunc: func(name, value string) (string, any) {
		key := strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(name, "TANDEM_")), "_", ".")
		switch {
		case slices.Contains(known, key) && value != "": // a compose file passes on what is not set as empty
			return key, value
		case !slices.Contains(known, key) && !slices.ContainsFunc(foreign, func(p string) bool { return strings.HasPrefix(name, p) }):
			problems = append(problems, fmt.Errorf("%s: there is no such variable, as there is no key %s", name, key))
		}
		return "", nil
	}}), nil)
	if err != nil {
		return nil, fmt.Errorf("configuration from the environment: %w", err)
	}
	slices.SortFunc(problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return problems, nil
}
