package attendant

import (
	"context"
	"time"

	"tandem/gateway/call"
)

// lookup bounds the question for a menu: a caller waits for the answer.
const lookup = 5 * time.Second

func (s *Service) run(ctx context.Context, leg call.Leg, m Menu) error { return nil }
