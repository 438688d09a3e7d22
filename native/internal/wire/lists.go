package wire

import "reflect"

// fillLists replaces nil slices below target by empty ones: in JSON a list is never null.
func fillLists(target any) { fill(reflect.ValueOf(target).Elem()) }

func fill(value reflect.Value) {
	switch value.Kind() {
	case reflect.Slice:
		if value.IsNil() && value.CanSet() {
			value.Set(reflect.MakeSlice(value.Type(), 0, 0))
		}
		if holdsLists(value.Type().Elem()) {
			for i := range value.Len() {
				fill(value.Index(i))
			}
		}
	case reflect.Map:
		if value.IsNil() && value.CanSet() {
			value.Set(reflect.MakeMap(value.Type()))
		}
	case reflect.Struct:
		for i := range value.NumField() {
			fill(value.Field(i))
		}
	case reflect.Pointer:
		if !value.IsNil() {
			fill(value.Elem())
		}
	}
}

// holdsLists spares the walk through lists of plain values, which may be long.
func holdsLists(kind reflect.Type) bool {
	switch kind.Kind() {
	case reflect.Slice, reflect.Map, reflect.Struct, reflect.Pointer:
		return true
	}
	return false
}
