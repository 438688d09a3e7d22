// Package layer reads layers of the store without mounting them, and makes new ones in one pass: what goes into a layer is
// hashed, compressed and put in place while it is read once.
package layer
