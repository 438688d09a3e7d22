package host

// Obstacle is something the host does not allow: a code, a sentence, and how to change it.
type Obstacle struct {
	// Code is USERNS_DENIED or NO_SUBUID.
	Code    string
	Message string
	Remedy  string
}

// Error gives the sentence without the remedy.
func (o *Obstacle) Error() string { return o.Message }

// Codes of obstacles.
const (
	// UserNamespaceDenied says that the kernel or a policy refuses user namespaces.
	UserNamespaceDenied = "USERNS_DENIED"
	// NoSubordinateIDs says that the user has no id ranges, or the programs that map them are absent.
	NoSubordinateIDs = "NO_SUBUID"
)
