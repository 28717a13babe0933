using System.Text.Json.Nodes;
using Writ.Contracts;
using Writ.Contracts.Runs;

namespace Writ.SystemTests.EndToEnd;

/// <summary>More time for runs that live: at server, runner and kernel, without a break.</summary>
[Collection(ToolsCollection.Name)]
public sealed class ExtendTests(ToolsStreet street) : EndToEndTest(street)
{
    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await street.Ready();
    }

    [Fact]
    public async Task Extended_runs_go_on_past_their_deadline_without_a_break_and_end_at_the_new_one()
    {
        // A held terminal, and a scan whose packets the kernel lets through until the deadline and no longer.
        const string Held = "10.20.0.12", Scanned = "10.20.0.13";
        await using var pane = await TmuxPane.Open(House, "sam");
        await pane.Type($"$WRIT run --for 25s -- console {Held}; echo over=$?");
        var console = await House.Running(Held);
        var scan = await House.Launch(Scanned, "--for", "25s");
        var (heldBefore, scanBefore) = (await House.As("sam").Run(console.Id), await House.As("sam").Run(scan.Id));
        await pane.Type("while :; do printf 'tick-%s ' \"$(date +%s 2>/dev/null || echo on)\"; sleep 0.5; done");
        await pane.Until("tick-");

        var asked = (await House.Type("sam", "extend", console.Id, "--for", "3s", "--reason", "nearly there", "--wait", "20s")).ShouldBeOk();
        asked.Error.ShouldContain("in force");
        await pane.Until("writ: this run has more time: until");
        (await House.Type("sam", "extend", scanBefore.Grant, "--for", "3s", "--wait", "20s", "--format", "json")).ShouldBeOk().Text.Replace(" ", "", StringComparison.Ordinal).ShouldContain("\"state\":\"in-force\"");
        var (held, scanned) = (await House.As("sam").Run(console.Id), await House.As("sam").Run(scan.Id));
        held.Deadline.ShouldBe(heldBefore.Deadline.AddSeconds(3));
        scanned.Deadline.ShouldBe(scanBefore.Deadline.AddSeconds(3));
        (await House.Type("sam", "extend", console.Id, "--for", "2h")).ShouldBe(1).Error.ShouldContain("more");

        await pane.Until("over=124");
        foreach (var (run, before) in new[] { (console, heldBefore), (scan, scanBefore) })
        {
            await run.Gone(withinSeconds: 30);
            var (ended, entry) = await House.Ended(run.Id, withinSeconds: 30);
            ended.EndReason.ShouldBe("deadline");
            (ended.EndedAt!.Value - before.Deadline).TotalSeconds.ShouldBeInRange(2.9, 60, "it lived past the deadline that it had");
            (entry.GetProperty("processes_left").GetInt32(), entry.Instant("deadline")).ShouldBe((0, before.Deadline.AddSeconds(3)));
            string[] told = ["grant.extended", "run.extension-ordered", "run.extended"];
            (await House.As("ada").Audit(ended.Request)).Select(line => line.Type()).Where(told.Contains).ShouldBe(told);
        }

        var (over, last) = await House.Ended(scan.Id);
        var packet = last.Instant("last_packet_at");
        packet.ShouldBeGreaterThan(scanBefore.Deadline, "the kernel let its packets through past the first deadline");
        packet.ShouldBeLessThanOrEqualTo(over.Deadline);
        var shown = (await House.Type("sam", "show", scan.Id)).ShouldBeOk().Text;
        shown.ShouldContain("in force");
        var receipt = Path.Combine(House.Folder, "extended.receipt");
        (await House.Type("sam", "receipt", scan.Id, "-o", receipt)).ShouldBeOk();
        var verified = (await House.Type("sam", "verify", receipt)).ShouldBeOk().Text;
        verified.ShouldContain("decided by policy: the run was held by it");
        verified.ShouldContain("request.created");
        (await House.Type("sam", "extend", scan.Id, "--for", "1m")).ShouldBeAnError(1, "the run is killed already");
    }

    [Fact]
    public async Task More_time_waits_for_a_reviewer_and_a_revoke_right_after_it_ends_the_run()
    {
        const string Target = "10.20.0.14";
        using var asking = House.StartTyping("dana", "run", "--reason", "is it up", "--for", "10m", "--", "ping", "-c", "10", "-i", "60", Target);
        (await House.Type("sam", "approve", "--yes", (await House.Pending(Target)).Id)).ShouldBeOk();
        var run = await House.Running(Target);
        var before = await House.As("dana").Run(run.Id);

        using var waiting = House.StartTyping("dana", "extend", run.Id, "--for", "5m", "--reason", "it is not", "--wait", "1m");
        var request = await House.Pending(Target);
        request.Extends!.Run.ShouldBe(run.Id);
        (await House.Type("sam", "approve", "--yes", request.Id)).ShouldBeOk().Error.ShouldContain($"5m for {run.Id}");
        (await waiting.End()).ShouldBeOk().Error.ShouldContain("in force");
        (await House.As("dana").Run(run.Id)).Deadline.ShouldBe(before.Deadline.AddMinutes(5));

        run.ShouldLive();
        (await House.Type("sam", "revoke", before.Grant, "--reason", "enough")).ShouldBeOk().Text.ShouldContain("confirmed");
        await run.Gone(withinSeconds: 5);
        (await asking.End()).ShouldBe(125);
        (await House.Ended(run.Id)).Run.EndReason.ShouldBe("revoked");

        // Who decided on the later deadline is in the receipt, and what is changed of that is found and named.
        var receipt = Path.Combine(House.Folder, $"decided-{run.Id}.receipt");
        (await House.Type("dana", "receipt", run.Id, "-o", receipt)).ShouldBeOk();
        var verified = (await House.Type("dana", "verify", receipt)).ShouldBeOk().Text;
        verified.ShouldContain($"as {request.Id}, decided by sam (act_");
        verified.ShouldContain("the run was held by it");
        foreach (var (why, change) in ((string, Action<JsonNode>)[])
                 [
                     ("more time was granted by", changed => changed["extensions"] = new JsonArray()),
                     ("not those that were granted", changed => changed["extensions"]!.AsArray().Add(changed["extensions"]![0]!.DeepClone())),
                     ("its order is missing", changed => changed["extensions"]![0]!.AsObject().Remove("order")),
                     ("not signed by the key", changed => changed["extensions"]![0]!["order"]!["signature"] = Convert.ToBase64String(new byte[64])),
                     ("cannot be read", changed => changed["extensions"]![0]!["statement"] = "AAAA"),
                 ])
        {
            var changed = JsonNode.Parse((await File.ReadAllTextAsync(receipt, Cancel))["writ-receipt/v4\n".Length..])!;
            change(changed);
            var path = Path.Combine(House.Folder, "changed.receipt");
            await File.WriteAllTextAsync(path, "writ-receipt/v4\n" + changed.ToJsonString() + "\n", Cancel);
            (await House.Type("dana", "verify", path)).ShouldBe(1).Error.ShouldContain(why);
        }
    }
}
