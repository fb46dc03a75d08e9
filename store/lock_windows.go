package store

import (
	"errors"
	"os"
	"syscall"
)

// ERROR_SHARING_VIOLATION: learn.microsoft.com/windows/win32/debug/system-error-codes--0-499-
const sharingViolation = syscall.Errno(32)

// openLocked lets others read the file, but not write it, as long as it is open.
func openLocked(path string) (*os.File, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	h, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, syscall.FILE_SHARE_READ, nil,
		syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if errors.Is(err, sharingViolation) {
		return nil, errLocked
	}
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(h), path), nil
}
