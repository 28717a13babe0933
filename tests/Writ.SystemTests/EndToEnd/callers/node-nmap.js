// As its own page shows it: scans, and prints what it found as JSON.
const nmap = require('node-nmap');
nmap.nmapLocation = 'nmap';
const scan = new nmap.NmapScan(process.argv[2], process.argv[3]);
scan.on('complete', found => console.log(JSON.stringify(found)));
scan.on('error', error => { console.error(String(error)); process.exit(1); });
