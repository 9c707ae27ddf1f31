// CommonJS, as dicom-parser is: packed into an ES module, it fails as it starts.
const { version } = require('dicom-parser/package.json') as { version: string }
export = { parser: require('dicom-parser') as unknown, version }
