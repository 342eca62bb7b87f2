package overlay_test

import (
	"testing"

	"go.uber.org/goleak"
)

// Every goroutine of a node has ended when Close returns.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
