package privpg

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// debian is where Debian's packages put each major version.
const debian = "/usr/lib/postgresql/*/bin"

// findBinaries gives the directory with the newest initdb and postgres, of that major version if it is not empty.
func findBinaries(patterns []string, major string) (string, error) {
	found := map[string]string{} // major version to directory
	for _, dir := range candidates(patterns) {
		if v := version(dir); v != "" && found[v] == "" {
			found[v] = dir
		}
	}
	if len(found) == 0 {
		return "", ErrNoBinaries
	}
	if major == "" {
		return found[newest(found)], nil
	}
	if dir := found[major]; dir != "" {
		return dir, nil
	}
	return "", fmt.Errorf("the cluster was made by Postgres %s, which is not installed: install the package postgresql-%s", major, major)
}

func newest(found map[string]string) string {
	majors := make([]string, 0, len(found))
	for v := range found {
		majors = append(majors, v)
	}
	return slices.MaxFunc(majors, func(a, b string) int {
		x, _ := strconv.Atoi(a)
		y, _ := strconv.Atoi(b)
		return cmp.Compare(x, y)
	})
}

// candidates lists the directories that may hold the binaries, the preferred first.
func candidates(patterns []string) []string {
	fallback := ""
	if patterns == nil {
		patterns = []string{debian}
		if p, err := exec.LookPath("initdb"); err == nil {
			fallback = filepath.Dir(p)
		}
	}
	var dirs []string
	for _, p := range patterns {
		m, _ := filepath.Glob(p)
		dirs = append(dirs, m...)
	}
	if fallback != "" {
		dirs = append(dirs, fallback)
	}
	return dirs
}

var majorVersion = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// version asks the server of dir for its major version; empty: there is none.
func version(dir string) string {
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return ""
	}
	out, err := exec.Command(filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return ""
	}
	if m := majorVersion.FindSubmatch(out); m != nil {
		return string(m[1])
	}
	return ""
}

// clusterVersion reads the major version that made the cluster; empty: there is no cluster.
func clusterVersion(data string) string {
	v, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(v))
}
