package route

import (
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Class is a kind of destination that costs much more than it looks. The empty class is everything else.
type Class string

// The expensive classes. All are closed until opened for a user.
const (
	Satellite Class = "satellite" // Inmarsat, GMSS and the "international networks"
	Premium   Class = "premium"   // premium-rate and shared-cost services, +979 and +808
	Offshore  Class = "offshore"  // countries that share +1 but not its prices
)

// ClassesVersion names the edition of the prefix list below.
const ClassesVersion = "2026-10"

// classPrefixes are numbers whose class follows from how they begin. The longest prefix decides.
var classPrefixes = map[Class][]string{
	Satellite: {"+870", "+881", "+882", "+883"},
	Premium: {"+979", "+808", "+1900", "+1976", "+449", "+4487", "+4484", "+33899", "+3389", "+49900", "+49137",
		"+34803", "+34806", "+34807", "+34905", "+39899", "+39892", "+39166", "+41900", "+41901", "+41906", "+43900",
		"+43901", "+43930", "+43931", "+31900", "+31906", "+31909", "+32900", "+32901", "+32902", "+32903", "+32904",
		"+32905", "+32906", "+32907", "+32908", "+32909", "+61190", "+8190", "+821900", "+35315", "+46900", "+46939",
		"+46944", "+47820", "+47829", "+4590", "+358600", "+358700", "+48700", "+48701", "+48703", "+48704", "+48708",
		"+351760", "+351761", "+351762", "+7803", "+7809", "+420900", "+420906", "+420908", "+420909", "+421900",
		"+3690", "+3691", "+40900", "+40903", "+40906", "+30901", "+30909", "+90900", "+972190", "+65190", "+64900"},
	Offshore: {"+1242", "+1246", "+1264", "+1268", "+1284", "+1345", "+1441", "+1473", "+1649", "+1658", "+1664",
		"+1721", "+1758", "+1767", "+1784", "+1809", "+1829", "+1849", "+1868", "+1869", "+1876"},
}

// ClassOf says what kind of destination a number is, by the prefix list and by the number plan's own data.
func ClassOf(n E164) Class {
	longest, class := 0, Class("")
	for c, prefixes := range classPrefixes {
		for _, p := range prefixes {
			if len(p) > longest && strings.HasPrefix(string(n), p) {
				longest, class = len(p), c
			}
		}
	}
	if class == "" && isPremium(n) {
		return Premium
	}
	return class
}

func isPremium(n E164) bool {
	p, err := phonenumbers.Parse(string(n), "ZZ")
	if err != nil {
		return true // a country nobody knows is not cheap
	}
	switch phonenumbers.GetNumberType(p) {
	case phonenumbers.PREMIUM_RATE, phonenumbers.SHARED_COST:
		return true
	}
	return false
}
