package privpg

import (
	"fmt"
	"os"
	"path/filepath"
)

// Find gives the connection string of a database of the cluster that another process runs in dir. Whether one does
// shows when it is connected to.
func Find(dir, database string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	socket := dir
	if note, err := os.ReadFile(filepath.Join(dir, "socket")); err == nil {
		socket = string(note)
	}
	if _, err := os.Stat(filepath.Join(socket, ".s.PGSQL.5432")); err != nil {
		return "", fmt.Errorf("no private Postgres runs in %s", dir)
	}
	return dsn(socket, database), nil
}

func dsn(socket, database string) string {
	return fmt.Sprintf("host='%s' user=%s dbname=%s", socket, user, database)
}
