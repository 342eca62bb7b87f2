package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"tandem/overlay/enroll"
)

type enrollCmd struct {
	Link string `arg:"" help:"The invitation, as an administrator gave it. Quote it: the shell sees a # in it."`
	Dir  string `type:"path" placeholder:"DIR" help:"Where to keep key and certificate (default: by the address, under the user's configuration)."`
}

func (c enrollCmd) Run(ctx context.Context) error {
	invitation, err := enroll.ParseInvitation(c.Link)
	if err != nil {
		return usage("%v", err)
	}
	dir := orElse(c.Dir, filepath.Join(identityHome(), invitation.User))
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	id, doc, err := enroll.Client(ctx, c.Link, dir)
	if errors.Is(err, enroll.ErrEnrolled) {
		return fmt.Errorf("%w: choose another with --dir, or remove %s", err, dir)
	} else if err != nil {
		return err
	}
	fmt.Fprintf(os.Stdout, "%s is enrolled in the overlay %s until %s.\nKey and certificate are in %s; the key never left this machine.\nNext: tandem phone --dir '%s'\n",
		id.User, doc.InstanceName, id.Certificate.NotAfter.Format(time.DateOnly), dir, dir)
	return nil
}
