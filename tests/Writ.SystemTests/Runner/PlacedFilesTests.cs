using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Writ.Proof.Recordings;
using static Writ.SystemTests.Runner.SupervisedRun;

namespace Writ.SystemTests.Runner;

/// <summary>What a run finds in its sandbox and what it leaves there: the supervisor alone, with a real sandbox.</summary>
public sealed class PlacedFilesTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    private static SupervisedRun Shell(string script, Action<JsonObject> change, TimeSpan? lifetime = null) =>
        new(["/usr/bin/sh", "-c", script], lifetime ?? Long, change);

    private static Action<JsonObject> Outputs(params string[] paths) =>
        spec => spec["outputs"] = new JsonArray([.. paths.Select(path => (JsonNode)path)]);

    private static JsonElement[] OutputsOf(JsonElement end) => [.. end.GetProperty("outputs").EnumerateArray()];

    private static byte[] HandedBack(SupervisedRun run, string name) => File.ReadAllBytes(Path.Combine(run.Folder, "outputs", name));

    [Fact]
    public void Files_are_there_to_be_read_and_not_to_be_changed()
    {
        using var run = Shell("cat /in/hosts /in/scripts/x.nse; echo more >>/in/hosts; echo new >/in/new; ls /in", spec => spec["has_files"] = true);
        Directory.CreateDirectory(Path.Combine(run.Folder, "in", "scripts"));
        File.WriteAllText(Path.Combine(run.Folder, "in", "hosts"), "10.20.0.5\n");
        File.WriteAllText(Path.Combine(run.Folder, "in", "scripts", "x.nse"), "-- a script\n");
        run.Start().End();
        run.Output.ShouldBe("10.20.0.5\n-- a script\nhosts\nscripts\n");
        Encoding.UTF8.GetString(run.Stream(RecordingStream.Error)).Split(["Read-only file system", "Permission denied"], StringSplitOptions.None).Length.ShouldBe(3);
        File.ReadAllText(Path.Combine(run.Folder, "in", "hosts")).ShouldBe("10.20.0.5\n");
    }

    [Fact]
    public void Names_mean_their_pinned_addresses_and_no_other_name_means_anything()
    {
        using var run = Shell("getent ahostsv4 web1.staging; getent ahostsv4 WEB1.staging; getent ahostsv6 six.staging; getent hosts web2.staging; getent hosts example.com", spec =>
            spec["names"] = JsonNode.Parse("""[{"name":"web1.staging","addresses":["10.20.0.5","10.20.0.6"]},{"name":"six.staging","addresses":["2001:db8:20::5"]}]""")).Start();
        run.End();
        var lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line.Contains("STREAM", StringComparison.Ordinal)).Select(line => line.Split(' ')[0]);
        lines.ShouldBe(["10.20.0.5", "10.20.0.6", "10.20.0.5", "10.20.0.6", "2001:db8:20::5"]);
    }

    [Fact]
    public void Files_that_were_asked_for_are_handed_back_and_nothing_else()
    {
        using var run = Shell("echo one >/out/one.txt; printf two >/out/two.xml; echo secret >/out/unasked", Outputs("/out/one.txt", "/out/two.xml", "/out/never")).Start();
        var outputs = OutputsOf(run.End());
        outputs.Select(output => output.GetProperty("path").GetString()).ShouldBe(["/out/one.txt", "/out/two.xml"]);
        outputs[0].GetProperty("sha256").GetString().ShouldBe(Convert.ToHexStringLower(SHA256.HashData("one\n"u8)));
        outputs[0].GetProperty("bytes").GetInt64().ShouldBe(4);
        outputs.ShouldAllBe(output => !output.GetProperty("cut").GetBoolean());
        HandedBack(run, "two.xml").ShouldBe("two"u8.ToArray());
        Directory.GetFiles(Path.Combine(run.Folder, "outputs")).Length.ShouldBe(2);
        // What the sandbox wrote was memory that only the supervisor saw.
        Directory.GetFileSystemEntries(Path.Combine(run.Folder, "out")).ShouldBeEmpty();
    }

    [Fact]
    public void Link_pipe_and_folder_in_a_files_place_are_never_followed()
    {
        using var run = Shell("ln -s /etc/shadow /out/a; mkfifo /out/b; mkdir /out/c; ln -s ../run.json /out/d; echo good >/out/e",
            Outputs("/out/a", "/out/b", "/out/c", "/out/d", "/out/e")).Start();
        OutputsOf(run.End()).Select(output => output.GetProperty("path").GetString()).ShouldBe(["/out/e"]);
    }

    [Fact]
    public void Killed_run_hands_back_what_it_wrote_marked_as_cut()
    {
        using var run = Shell("echo begun >/out/log; sleep 100", Outputs("/out/log"), TimeSpan.FromSeconds(1.5)).Start();
        var end = run.End();
        end.GetProperty("cause").GetString().ShouldBe("Deadline");
        OutputsOf(end).ShouldHaveSingleItem().GetProperty("cut").GetBoolean().ShouldBeTrue();
        HandedBack(run, "log").ShouldBe("begun\n"u8.ToArray());
    }

    [Fact]
    public void Run_that_fills_its_folder_stops_there_and_its_file_is_marked_as_cut()
    {
        using var run = Shell("head -c 10000000 /dev/zero >/out/big; echo $?", spec =>
        {
            Outputs("/out/big")(spec);
            spec["output_limit_bytes"] = 1 << 20;
        }).Start();
        var output = OutputsOf(run.End()).ShouldHaveSingleItem();
        output.GetProperty("cut").GetBoolean().ShouldBeTrue();
        output.GetProperty("bytes").GetInt64().ShouldBeInRange(1, 1 << 20);
        run.Output.ShouldBe("1\n");
    }

    [Theory]
    [InlineData(1L << 50, true)]
    [InlineData(64L << 20, false)]
    public void File_of_holes_fills_no_disk(long fileLimit, bool made)
    {
        using var run = Shell("truncate -s 1T /out/big; echo $?", spec =>
        {
            Outputs("/out/big")(spec);
            spec["output_limit_bytes"] = 1 << 20;
            spec["limits"] = new JsonObject { ["file_bytes"] = fileLimit };
        }).Start();
        var output = OutputsOf(run.End()).ShouldHaveSingleItem();
        // The limit on files stops it; without that, what is taken in is no more than the folder holds.
        run.Output.ShouldBe(made ? "0\n" : "153\n", "128 and SIGXFSZ");
        output.GetProperty("cut").GetBoolean().ShouldBe(made);
        HandedBack(run, "big").Length.ShouldBe(made ? 1 << 20 : 0);
    }

    [Fact]
    public void Very_many_files_stop_at_the_folders_own_limit_and_change_nothing_outside()
    {
        using var run = Shell("i=0; while [ $i -lt 1000000 ] && echo x >/out/$i; do i=$((i + 1)); done 2>/dev/null; echo $i; echo good >/out/0", Outputs("/out/0", "/out/1", "/out/300")).Start();
        OutputsOf(run.End()).Select(output => output.GetProperty("path").GetString()).ShouldBe(["/out/0", "/out/1"]);
        int.Parse(run.Output).ShouldBeInRange(100, 256);
        Directory.GetFiles(Path.Combine(run.Folder, "outputs")).Length.ShouldBe(2);
    }

    [Fact]
    public void Run_without_files_has_nothing_in_either_folder()
    {
        using var run = Shell("ls -A /in; ls -A /out; echo x >/out/x && cat /out/x; echo x >/in/x && cat /in/x", _ => { }).Start();
        run.End().TryGetProperty("outputs", out var outputs).ShouldBeTrue();
        outputs.GetArrayLength().ShouldBe(0);
        run.Output.ShouldBe("");
    }
}
