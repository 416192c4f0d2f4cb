// Ends with one sentence if this Node.js is too old. The commands of package.json begin with it, before anything is
// compiled, so it is plain ES2015. Programs make the same check by packages/runtime/src/require-node.ts.
var oldest = require('../package.json').engines.node.replace('>=', '').split('.').map(Number)
var here = process.versions.node.split('.').map(Number)

if (here[0] < oldest[0] || (here[0] === oldest[0] && here[1] < oldest[1])) {
  console.error(`fivetuple needs Node.js ${oldest.join('.')} or newer, and this is ${process.versions.node}.`)
  process.exit(1)
}
