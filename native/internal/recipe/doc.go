// Package recipe executes the recipe of a stage: base, steps, configuration, image.
package recipe
