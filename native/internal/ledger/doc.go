// Package ledger remembers the owners that files of a working tree should have where the kernel cannot give them.
//
// A file is known by its inode number and its time of birth, so an entry follows the file through renames and links, and a
// new file under an old inode number is another file.
package ledger
