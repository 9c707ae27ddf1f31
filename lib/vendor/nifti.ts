export { type NIFTI1, type NIFTI2, readHeader } from 'nifti-reader-js'
