package overlay_test

import (
	"testing"
	"time"

	"tandem/overlay"
	"tandem/overlay/overlaytest"
)

// A node goes on with a renewed certificate: new connections show it.
func TestSetIdentity(t *testing.T) {
	w := overlaytest.New(t, nil)
	first := w.First()
	id := w.Identity("alice@" + overlaytest.Name)
	alice := w.Start(func(c *overlay.Config) { c.Client, c.Identity = true, id })
	w.WaitJoined(alice)

	renewed := w.Renew(id, time.Now().Add(20*time.Hour))
	if err := alice.SetIdentity(renewed); err != nil {
		t.Fatal(err)
	}
	callers := echo(t, first)
	conn, _, err := alice.AppAttach(w.Context(), first.Path(), overlay.AppSIPS)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if from := <-callers; !from.Certificate.Equal(renewed.Certificate) {
		t.Errorf("the other end saw the certificate that ends %v, want the renewed one, %v", from.Certificate.NotAfter, renewed.Certificate.NotAfter)
	}
	if err := alice.SetIdentity(w.Identity("alice@" + overlaytest.Name)); err == nil {
		t.Error("the identity of another node was taken")
	}
}
