package measure

import (
	"encoding/json"
	"math"
	"time"
)

// jsonReport is a Report as `tandem call --json` prints it.
type jsonReport struct {
	Duration   float64 `json:"duration_ms"`
	Frequency  float64 `json:"frequency_hz"`
	Purity     float64 `json:"purity"`
	Level      float64 `json:"level_dbm0"`
	Gap        float64 `json:"longest_gap_ms"`
	FirstSound float64 `json:"first_sound_ms"`
	Audible    float64 `json:"audible_ms"`
	Concealed  int     `json:"concealed_frames"`
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func fromMilliseconds(ms float64) time.Duration {
	return time.Duration(math.Round(ms * float64(time.Millisecond)))
}

// MarshalJSON writes times in milliseconds and numbers without digits that mean nothing.
func (r Report) MarshalJSON() ([]byte, error) {
	round := func(x float64) float64 { return math.Round(x*1000) / 1000 }
	return json.Marshal(jsonReport{milliseconds(r.Duration), round(r.Frequency), round(r.Purity), round(r.Level),
		milliseconds(r.Gap), milliseconds(r.FirstSound), milliseconds(r.Audible), r.Concealed})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (r *Report) UnmarshalJSON(b []byte) error {
	var j jsonReport
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*r = Report{fromMilliseconds(j.Duration), j.Frequency, j.Purity, j.Level,
		fromMilliseconds(j.Gap), fromMilliseconds(j.FirstSound), fromMilliseconds(j.Audible), j.Concealed}
	return nil
}
