package web

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// document is the OpenAPI description that the operations add themselves to.
func document() *huma.OpenAPI {
	return &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "tandem", Version: "1",
			Description: "Voicemail and administration of a tandem server peer. Sign in with POST /session; the cookie does the rest.",
		},
		Servers:    []*huma.Server{{URL: "/api"}},
		Components: &huma.Components{Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)},
	}
}

// describeStreams adds what is not JSON.
func describeStreams(doc *huma.OpenAPI) {
	plain := func(kind, description string) map[string]*huma.Response {
		return map[string]*huma.Response{"200": {
			Description: description, Content: map[string]*huma.MediaType{kind: {Schema: &huma.Schema{Type: "string"}}},
		}}
	}
	doc.AddOperation(&huma.Operation{
		Method: http.MethodGet, Path: "/messages/{id}/audio", OperationID: "get-messages-id-audio", Summary: "A message as WAV; answers byte ranges",
		Parameters: []*huma.Param{
			{Name: "id", In: "path", Required: true, Schema: &huma.Schema{Type: "string", Format: "uuid"}},
			{Name: "download", In: "query", Description: "Name the file for saving", Schema: &huma.Schema{Type: "string"}},
		},
		Responses: plain("audio/wav", "16-bit linear, mono, 8000 Hz"),
	})
	doc.AddOperation(&huma.Operation{
		Method: http.MethodGet, Path: "/events", OperationID: "get-events", Summary: "Server-sent events: \"messages\" when the own mailbox changed",
		Responses: plain("text/event-stream", "Events without data: look again"),
	})
}

// Document is the API's description, as ui/openapi.json keeps it for the pages' build.
func Document() ([]byte, error) {
	p := &Portal{page: &page{}, sessions: newSessions(Config{})}
	_, doc := p.routes()
	text, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("describe the API: %w", err)
	}
	return append(text, '\n'), nil
}

func serveDocument(doc *huma.OpenAPI) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/openapi+json")
		_ = json.NewEncoder(w).Encode(doc) // the client has gone: nobody to tell
	}
}
