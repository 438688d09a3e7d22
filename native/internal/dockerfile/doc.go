// Package dockerfile reads Dockerfiles by BuildKit's parser: what the target needs, with variables substituted as a
// Dockerfile does, and what each instruction takes from the build context. It builds them as recipes, one per instruction
// that changes files, and remembers what each instruction made.
package dockerfile
