package config

import (
	"crypto/x509"
	"reflect"
	"slices"
)

// SameContent says that a and b lay down the same, whatever their sequence numbers and signatures: publishing one
// after the other would change nothing.
func SameContent(a, b *Document) bool {
	x, y := reflect.ValueOf(*a), reflect.ValueOf(*b)
	for i := range x.NumField() {
		switch f := x.Type().Field(i); {
		case !f.IsExported(), f.Name == "Raw", f.Name == "Sequence", f.Name == "Kinds", f.Name == "Roots":
			continue
		case !sameField(x.Field(i), y.Field(i)):
			return false
		}
	}
	return slices.EqualFunc(a.Kinds, b.Kinds, sameKind) &&
		slices.EqualFunc(a.Roots, b.Roots, func(p, q *x509.Certificate) bool { return p.Equal(q) })
}

// sameField compares, taking an empty list for none.
func sameField(x, y reflect.Value) bool {
	if x.Kind() == reflect.Slice && x.Len() == 0 && y.Len() == 0 {
		return true
	}
	return reflect.DeepEqual(x.Interface(), y.Interface())
}

func sameKind(a, b Kind) bool {
	a.raw, a.signature, a.block, b.raw, b.signature, b.block = nil, nil, nil, nil, nil, nil
	return reflect.DeepEqual(a, b)
}
