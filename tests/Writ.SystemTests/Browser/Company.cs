using Google.Protobuf;
using Microsoft.EntityFrameworkCore;
using Writ.Contracts.Runners;
using Writ.Core.Identity;
using Writ.Proof.Runners;
using Writ.Server.Requests;
using Writ.Server.Storage;
using Writ.SystemTests.Storage;

namespace Writ.SystemTests.Browser;

/// <summary>A pretend company that people see at the console: its policy, its runner with Nmap as this machine has it, and some of what happened there before.</summary>
internal static class Company
{
    public const string Policy = """
        version: 1
        roles:
          developer: { groups: [engineering] }
          security-engineer: { groups: [secops] }
          plant-owner: { groups: [plant] }
          nightly: { workloads: [ci-nightly] }
        zones:
          staging:
            addresses: [10.20.0.0/16]
            names: ["*.staging"]
            owners: [security-engineer]
            runners: [hamburg-1]
          plant:
            addresses: [10.66.0.0/16]
            owners: [plant-owner]
            runners: [hamburg-1]
        rules:
          - id: developers-scan-staging
            roles: [developer, nightly]
            zones: [staging]
            tools:
              nmap:
                techniques: [ping, connect, syn, version]
                ports: "1-10000"
                scripts: [default, safe, vuln, version]
                max-timing: 4
                max-hosts: 256
            max-duration: 30m
            max-uses: 10
            require: [reason]
            approval: { from: [security-engineer], count: 1 }
          - id: developers-reach-gateways
            roles: [developer, nightly]
            zones: [plant]
            tools:
              nmap:
                techniques: [ping, connect, syn, version]
                ports: "1-10000"
                scripts: [default, safe, vuln, version]
                max-timing: 4
                max-hosts: 16
            max-duration: 30m
            require: [reason]
            approval: { from: [plant-owner], count: 1 }
          - id: plant-owners-look
            roles: [plant-owner]
            zones: [plant]
            tools: { nmap: { techniques: [ping, connect], ports: "1-10000", max-hosts: 16 } }
            max-duration: 30m
            require: [reason]
            approval: { from: [security-engineer], count: 1 }
          - id: secops-self-serve
            roles: [security-engineer]
            zones: [staging]
            tools: { nmap: any }
            max-duration: 2h
            approval: none
        denials:
          - id: never-hurt-the-plant
            zones: [plant]
            tools: { nmap: { scripts: [dos, exploit, brute] } }
        tests:
          - as: { user: dana, groups: [engineering] }
            command: nmap -sT -p 22,80 10.20.1.5
            for: 30m
            reason: to look
            expect: require-approval
            by: developers-scan-staging

        """;

    public const string Wide = "nmap -sSV -T4 -p22,80,443,8000-8100 --script default,http-vuln-cve2017-5638 lb1.staging 10.20.4.0/25 10.20.112.64/26 10.66.3.10-13";

    /// <summary>The runner with this machine's own Nmap data.</summary>
    public static async Task<ConnectedRunner> Runner(World world)
    {
        var tool = new Tool
        {
            Name = "nmap", Path = "/usr/bin/nmap", Version = "7.93", Sha256 = new('0', 64),
            Protections = { Protections.FenceV4, Protections.FenceV6, Protections.Sandbox, Protections.Seccomp },
        };
        foreach (var (name, path) in new[] { ("nmap-services", "/usr/share/nmap/nmap-services"), ("script.db", "/usr/share/nmap/scripts/script.db") })
        {
            var content = await File.ReadAllBytesAsync(path);
            tool.Files.Add(new ToolData { Name = name, Content = ByteString.CopyFrom(content), Sha256 = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(content)) });
        }

        var runner = await world.Another("hamburg-1", tool);
        runner.Names = new() { ["lb1.staging"] = ["10.20.4.17"], ["web1.staging"] = ["10.20.1.5"] };
        return runner;
    }

    public static Task<Caller> Dana(World world) => world.Person("Dana", "engineering");

    public static Task<Caller> Marek(World world) => world.Person("Marek", "secops");

    public static Task<Caller> Aiko(World world) => world.Person("Aiko", "plant");

    /// <summary>Some runs of somebody's, asked, approved and ended; an hour between them.</summary>
    public static async Task Past(World world, ConnectedRunner runner, Caller person, Caller approver, int runs, string command = "nmap -sT -Pn -n -p 22,80 10.20.1.0/28")
    {
        for (var number = 0; number < runs; number++)
        {
            world.Clock.Advance(TimeSpan.FromHours(1));
            var request = await world.Request(await world.Person(person.Name, [.. person.Groups]), command, duration: TimeSpan.FromMinutes(30));
            (await world.Approve(await world.Person(approver.Name, [.. approver.Groups]), request)).ShouldBeOk();
            var run = (await world.Start(person, await world.GrantOf(request), command)).ShouldBeOk();
            await End(world, runner, run);
        }
    }

    public static async Task End(World world, ConnectedRunner runner, RunRow run)
    {
        runner.SayStarted(run.Id.ToString());
        runner.Say(new() { Ended = runner.End(run.Id.ToString(), EndCause.Exited) });
        await World.Eventually(() => Task.FromResult(runner.EndAcks.Contains(run.Id.ToString())), "the end is acknowledged");
    }
}
