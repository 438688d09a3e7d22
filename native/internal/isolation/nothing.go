package isolation

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
)

// exits are the instructions of exit(0), by architecture.
var exits = map[string]struct {
	machine elf.Machine
	code    []byte
}{
	// xor edi, edi; mov eax, 60; syscall
	"amd64": {elf.EM_X86_64, []byte{0x31, 0xff, 0xb8, 60, 0, 0, 0, 0x0f, 0x05}},
	// mov x0, 0; mov x8, 93; svc 0
	"arm64": {elf.EM_AARCH64, []byte{0x00, 0x00, 0x80, 0xd2, 0xa8, 0x0b, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4}},
}

// loadAddress is where the program lies in memory.
const loadAddress = 0x400000

// nothingProgram is a whole program that exits at once: it needs no library, no loader and no other file.
func nothingProgram(architecture string) ([]byte, error) {
	exit, known := exits[architecture]
	if !known {
		return nil, fmt.Errorf("no trial program for %s", architecture)
	}
	headers := uint64(binary.Size(elf.Header64{}) + binary.Size(elf.Prog64{}))
	size := headers + uint64(len(exit.code))
	header := elf.Header64{
		Type:      uint16(elf.ET_EXEC),
		Machine:   uint16(exit.machine),
		Version:   uint32(elf.EV_CURRENT),
		Entry:     loadAddress + headers,
		Phoff:     uint64(binary.Size(elf.Header64{})),
		Ehsize:    uint16(binary.Size(elf.Header64{})),
		Phentsize: uint16(binary.Size(elf.Prog64{})),
		Phnum:     1,
	}
	copy(header.Ident[:], elf.ELFMAG)
	header.Ident[elf.EI_CLASS] = byte(elf.ELFCLASS64)
	header.Ident[elf.EI_DATA] = byte(elf.ELFDATA2LSB)
	header.Ident[elf.EI_VERSION] = byte(elf.EV_CURRENT)
	segment := elf.Prog64{
		Type:   uint32(elf.PT_LOAD),
		Flags:  uint32(elf.PF_R | elf.PF_X),
		Vaddr:  loadAddress,
		Paddr:  loadAddress,
		Filesz: size,
		Memsz:  size,
		Align:  0x10000,
	}
	var program bytes.Buffer
	for _, part := range []any{header, segment, exit.code} {
		if err := binary.Write(&program, binary.LittleEndian, part); err != nil {
			return nil, fmt.Errorf("making a trial program: %w", err)
		}
	}
	return program.Bytes(), nil
}
