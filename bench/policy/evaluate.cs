#:project ../../src/Writ.Core/Writ.Core.csproj
#:property PublishAot=false
#:property InvariantGlobalization=false

using System.Diagnostics;
using System.Globalization;
using System.Text;
using Writ.Core.Policy;
using Writ.Core.Tools;
using Writ.Proof.Addresses;
using Writ.Proof.Runners;

// Answers lines "RULES SECONDS" on standard input: builds a policy of so many rules once, evaluates requests against it for
// so long, and writes "evaluations-a-second median-nanoseconds".
var inventory = new ToolInventory("nmap", "/usr/bin/nmap", "7.93", new string('0', 64), []);
var nmap = ToolCatalogue.Box.Find("nmap")!;
var terms = new AskedTerms(null, null, "why", null);
var now = new DateTimeOffset(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);
var arms = new Dictionary<int, (PolicyDocument Policy, (Subject Subject, Plan Plan)[] Requests)>();
while (Console.In.ReadLine() is { } line)
{
    var words = line.Split(' ');
    var (rules, seconds) = (int.Parse(words[0], CultureInfo.InvariantCulture), double.Parse(words[1], CultureInfo.InvariantCulture));
    if (!arms.TryGetValue(rules, out var arm))
        arms[rules] = arm = Build(rules);
    var (policy, requests) = arm;
    var times = new List<long>();
    var (count, allowed, watch) = (0, 0, Stopwatch.StartNew());
    while (watch.Elapsed.TotalSeconds < seconds || count < 100)
    {
        var (subject, plan) = requests[count++ % requests.Length];
        var begun = Stopwatch.GetTimestamp();
        var found = Evaluator.Evaluate(policy, subject, plan, terms, now);
        times.Add(Stopwatch.GetTimestamp() - begun);
        allowed += found.Verdict == Verdict.Deny ? 0 : 1;
    }

    if (allowed * 10 < count * 4 || allowed * 10 > count * 6)
        throw new InvalidOperationException($"{allowed} of {count} were allowed, and half should be");
    times.Sort();
    Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count / watch.Elapsed.TotalSeconds:0} {times[times.Count / 2] * 1e9 / Stopwatch.Frequency:0}"));
}

(PolicyDocument, (Subject, Plan)[]) Build(int rules)
{
    var (roles, zones, text) = (new StringBuilder("version: 1\nroles:\n"), new StringBuilder("zones:\n"), new StringBuilder("rules:\n"));
    for (var at = 0; at < rules; at++)
    {
        roles.Append(CultureInfo.InvariantCulture, $"  role-{at}: {{ groups: [group-{at}] }}\n");
        zones.Append(CultureInfo.InvariantCulture, $"  zone-{at}: {{ addresses: [{Network(at)}/26] }}\n");
        text.Append(CultureInfo.InvariantCulture, $"  - {{ id: rule-{at}, roles: [role-{at}], zones: [zone-{at}], tools: {{ nmap: {{ techniques: [ping, connect], ports: \"1-1024\", max-hosts: 16 }} }}, approval: none }}\n");
    }

    text.Append("denials:\n  - { id: never, zones: any, tools: { nmap: { scripts: [dos, exploit] } } }\n");
    var watch = Stopwatch.StartNew();
    var parse = PolicyDocument.Parse(roles.Append(zones).Append(text).ToString(), "bench");
    Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{rules} rules, {parse.Policy!.Text.Length / 1e6:0.0} MB, read in {watch.Elapsed.TotalSeconds:0.00} s"));
    var random = new Random(7);
    return (parse.Policy!, [.. Enumerable.Range(0, 1_000).Select(index =>
    {
        var at = random.Next(rules);
        // Every other one asks for a port that the rule does not open.
        string[] command = ["nmap", "-sT", "-p", index % 2 == 0 ? "22,443" : "22,8443", Network(at) + "/28"];
        return (new Subject($"user-{at}", false, [$"group-{at}"]), nmap.Plan(command, new(inventory)).Value);
    })]);
}

static string Network(int at) => new Address(Address.V4(0x0A000000).Bits + (UInt128)at * 64).ToString();
