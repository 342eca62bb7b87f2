package cert

import "testing"

func TestCacheIsBounded(t *testing.T) {
	c := newCache[int, int](8)
	for i := range 1000 {
		c.put(i, i)
		if _, ok := c.get(0); !ok {
			t.Fatalf("0, used all the time, is gone after %d", i)
		}
		if n := c.len(); n > 8 {
			t.Fatalf("%d entries, want at most 8", n)
		}
	}
	if v, ok := c.get(999); !ok || v != 999 {
		t.Errorf("the latest is %d, %v", v, ok)
	}
	if _, ok := c.get(500); ok {
		t.Error("500 is still there")
	}
}
