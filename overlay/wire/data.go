package wire

import (
	"bytes"
	"fmt"
	"math"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

// DataModel says how the values of a Kind lie together (§7.2). It is not on the wire.
type DataModel uint8

// The data models; 0 is "not known".
const (
	ModelSingle DataModel = iota + 1
	ModelArray
	ModelDictionary
)

// String is the name of the configuration document.
func (m DataModel) String() string {
	switch m {
	case ModelSingle:
		return "SINGLE"
	case ModelArray:
		return "ARRAY"
	case ModelDictionary:
		return "DICTIONARY"
	}
	return "unknown"
}

// Models tells the data model of a Kind, 0 of one that is not known.
type Models func(KindID) DataModel

// RegisteredModel knows the registered Kinds.
func RegisteredModel(k KindID) DataModel {
	switch k {
	case KindSIPRegistration, KindReDiR:
		return ModelDictionary
	case KindTURNService:
		return ModelSingle
	case KindCertificateByNode, KindCertificateByUser:
		return ModelArray
	}
	return 0
}

// Timestamp is a point in time on the wire: milliseconds since 1970, UTC, without leap seconds (§7).
type Timestamp uint64

// TimestampOf is t as a Timestamp.
func TimestampOf(t time.Time) Timestamp { return Timestamp(max(t.UnixMilli(), 0)) }

// Time is the timestamp as a time; one that is too late for int64 gives the last that is not.
func (t Timestamp) Time() time.Time { return time.UnixMilli(int64(min(t, math.MaxInt64))).UTC() }

// AppendIndex stores behind the last entry of an array (§7.4.1.1); in a range it means the last entry.
const AppendIndex = 0xffffffff

// DictionaryKey is the key of a dictionary entry: up to 65535 bytes of any value.
type DictionaryKey string

// NodeKey is the dictionary key that is a Node-ID.
func NodeKey(n NodeID) DictionaryKey { return DictionaryKey(n[:]) }

// StoredValue is a StoredDataValue (§7.2): a DataValue, with its place in an array or a dictionary.
type StoredValue struct {
	Model  DataModel
	Index  uint32        // ModelArray
	Key    DictionaryKey // ModelDictionary
	Exists bool          // false: removed, or never there
	Data   []byte
}

// StoredData is a value with its signature (§7).
type StoredData struct {
	StorageTime Timestamp
	Lifetime    time.Duration // whole seconds, from the receipt of the StoreReq
	Value       StoredValue
	Signature   Signature
}

// Clone is a copy that shares no memory with the message it came in.
func (d StoredData) Clone() StoredData {
	d.Value.Data = bytes.Clone(d.Value.Data)
	d.Signature.Value = bytes.Clone(d.Signature.Value)
	d.Signature.Identity.Digest = bytes.Clone(d.Signature.Identity.Digest)
	return d
}

// MarshalBinary encodes the value with its length, as it stands in a StoreReq.
func (d *StoredData) MarshalBinary() ([]byte, error) {
	return encode("stored data", 256+len(d.Value.Data), d.marshal)
}

// ParseStoredData decodes what MarshalBinary gave of a value of the data model.
func ParseStoredData(data []byte, model DataModel) (StoredData, error) {
	var d StoredData
	err := decode("stored data", data, func(s *cryptobyte.String) bool { return d.unmarshal(s, model) })
	return d, err
}

func (d *StoredData) marshal(b *cryptobyte.Builder) {
	b.AddUint32LengthPrefixed(func(b *cryptobyte.Builder) {
		b.AddUint64(uint64(d.StorageTime))
		b.AddUint32(seconds(d.Lifetime))
		d.Value.marshal(b)
		d.Signature.marshal(b)
	})
}

func (d *StoredData) unmarshal(s *cryptobyte.String, model DataModel) bool {
	var body cryptobyte.String
	var lifetime uint32
	if !readUint32Prefixed(s, &body) || !body.ReadUint64((*uint64)(&d.StorageTime)) || !body.ReadUint32(&lifetime) {
		return false
	}
	d.Lifetime = time.Duration(lifetime) * time.Second
	return d.Value.unmarshal(&body, model) && d.Signature.unmarshal(&body) && body.Empty()
}

// seconds rounds down and stays in range.
func seconds(d time.Duration) uint32 {
	return uint32(min(max(d/time.Second, 0), math.MaxUint32))
}

// MarshalBinary encodes the StoredDataValue.
func (v *StoredValue) MarshalBinary() ([]byte, error) {
	return encode("stored value", 16+len(v.Key)+len(v.Data), v.marshal)
}

func (v *StoredValue) marshal(b *cryptobyte.Builder) {
	marshalPlace(b, v.Model, v.Index, v.Key)
	addBool(b, v.Exists)
	addOpaque32(b, v.Data)
}

func (v *StoredValue) unmarshal(s *cryptobyte.String, model DataModel) bool {
	v.Model = model
	return unmarshalPlace(s, model, &v.Index, &v.Key) && readBool(s, &v.Exists) && readOpaque32(s, &v.Data)
}

// marshalPlace writes what stands before a value by its data model: nothing, the index, or the key.
func marshalPlace(b *cryptobyte.Builder, model DataModel, index uint32, key DictionaryKey) {
	switch model {
	case ModelSingle:
	case ModelArray:
		b.AddUint32(index)
	case ModelDictionary:
		addOpaque16(b, []byte(key))
	default:
		b.SetError(fmt.Errorf("data model %d", model))
	}
}

func unmarshalPlace(s *cryptobyte.String, model DataModel, index *uint32, key *DictionaryKey) bool {
	switch model {
	case ModelSingle:
		return true
	case ModelArray:
		return s.ReadUint32(index)
	case ModelDictionary:
		return unmarshalKey(s, key)
	}
	return false
}

func unmarshalKey(s *cryptobyte.String, key *DictionaryKey) bool {
	var body []byte
	ok := readOpaque16(s, &body)
	*key = DictionaryKey(body)
	return ok
}
