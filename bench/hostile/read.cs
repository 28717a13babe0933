#:project ../../src/Writ.Core/Writ.Core.csproj
#:property PublishAot=false

using System.Diagnostics;
using System.Globalization;
using System.Text;
using Writ.Core.Results;

// One hostile document of 64 MiB, the most that a run's results may have, is made and read: "seconds MiB-at-the-peak hosts what-was-wrong". The peak is
// that of the process beyond the document itself.
const int Size = 64 << 20;
const string Begin = "<nmaprun version=\"7.93\" start=\"1\"><scaninfo type=\"connect\" protocol=\"tcp\" numservices=\"1\" services=\"1-65535\"/>";
var xml = Encoding.UTF8.GetBytes(Document(args[0]));
GC.Collect(2, GCCollectionMode.Aggressive, blocking: true);
File.WriteAllText("/proc/self/clear_refs", "5");
var before = Status("VmRSS:");
var watch = Stopwatch.StartNew();
var found = NmapResults.Read(xml);
var seconds = watch.Elapsed.TotalSeconds;
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{seconds:0.000} {Math.Max(0, Status("VmHWM:") - before) >> 10} {found.Hosts.Count} {found.Trouble ?? "nothing"}"));
GC.KeepAlive(xml);

static long Status(string name) => File.ReadLines("/proc/self/status").Where(line => line.StartsWith(name, StringComparison.Ordinal)).Select(line => long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture)).Single();

static string Document(string kind) => kind switch
{
    "laughs" => "<!DOCTYPE nmaprun [<!ENTITY a \"ha\">" + string.Concat(Enumerable.Range(0, 30).Select(at => $"<!ENTITY {(char)('b' + (at % 25))}{at} \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">")) + "]>" + Begin + Filled("<host><address addr=\"10.0.0.1\"/><hostnames><hostname name=\"&b0;\"/></hostnames></host>", ""),
    "entity" => "<!DOCTYPE nmaprun [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>" + Begin + Filled("<host><address addr=\"10.0.0.1\"/><hostnames><hostname name=\"&x;\"/></hostnames></host>", ""),
    "token" => Begin + "<host><address addr=\"" + new string('1', Size - 1_000) + "\"/></host></nmaprun>",
    "comment" => Begin + "<!--" + new string('x', Size - 1_000) + "--></nmaprun>",
    "attributes" => Begin + "<host " + Filled(null, "", at => $"a{at}=\"1\" ") + "/></nmaprun>",
    "deep" => Begin + Filled("<elem>", ""),
    "empty" => Begin + Filled("<a/>", "</nmaprun>"),
    "hosts" => Begin + Filled(null, "</nmaprun>", at => $"<host><status state=\"up\"/><address addr=\"10.{at >> 16 & 255}.{at >> 8 & 255}.{at & 255}\" addrtype=\"ipv4\"/></host>"),
    "ports" => Begin + "<host><status state=\"up\"/><address addr=\"10.0.0.1\" addrtype=\"ipv4\"/><ports>" + Filled(null, "</ports></host></nmaprun>", at => $"<port protocol=\"tcp\" portid=\"{at & 65535}\"><state state=\"open\"/></port>"),
    "texts" => Begin + Filled(null, "</nmaprun>", at => $"<host><status state=\"up\"/><address addr=\"10.{at >> 16 & 255}.{at >> 8 & 255}.{at & 255}\" addrtype=\"ipv4\"/><hostscript><script id=\"x\" output=\"{new string('y', 16_384)}\"/></hostscript></host>"),
    "lists" => Begin.Replace("1-65535", string.Join(',', Enumerable.Range(0, 32_000).Select(at => at * 2)), StringComparison.Ordinal) + Filled("<scaninfo type=\"connect\" protocol=\"tcp\" services=\"" + string.Join(',', Enumerable.Range(0, 32_000).Select(at => at * 2)) + "\"/>", "</nmaprun>"),
    _ => throw new ArgumentException(kind),
};

static string Filled(string? piece, string end, Func<int, string>? make = null)
{
    var text = new StringBuilder(Size);
    for (var at = 0; text.Length < Size - 600_000; at++)
        text.Append(piece ?? make!(at));
    return text.Append(end).ToString();
}
