package web

import "tandem/gateway/call"

// reason puts RFC 4458 into a word that the pages have a sentence for.
func reason(r call.Reason) string {
	switch r {
	case call.Busy:
		return "busy"
	case call.NotRegistered:
		return "away"
	case call.NobodyAnswers:
		return "no-answer"
	case call.Deflected:
		return "declined"
	}
	return "direct"
}
