// As its own page shows it: scans, and prints its report as JSON.
const nmap = require('node-libnmap');
nmap.scan({ range: [process.argv[2]], ports: process.argv[3], flags: ['-Pn', '-sT'] }, (error, report) => {
  if (error) { console.error(String(error)); process.exit(1); }
  console.log(JSON.stringify(report));
});
