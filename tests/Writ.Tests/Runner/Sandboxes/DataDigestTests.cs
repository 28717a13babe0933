using Writ.Runner;
using Writ.Runner.Kernel;
using Writ.Runner.Sandboxes;

namespace Writ.Tests.Runner.Sandboxes;

public sealed class DataDigestTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("writ-data-").FullName;

    public DataDigestTests()
    {
        Directory.CreateDirectory(At("scripts"));
        Directory.CreateDirectory(At("nselib"));
        File.WriteAllText(At("scripts/banner.nse"), "one");
        File.WriteAllText(At("scripts/script.db"), "Entry");
        File.WriteAllText(At("nselib/http.lua"), "two");
    }

    private string At(string name) => Path.Combine(_folder, name);

    private DataDigest Now() => DataDigest.Of([_folder]);

    [Fact]
    public void Of_changed_added_removed_and_renamed_files_is_another_and_each_is_seen_by_a_mark()
    {
        var before = Now();
        before.Sha256.ShouldBe(Now().Sha256);
        before.Files.Count.ShouldBe(3);
        foreach (var (what, change, back) in ((string, Action, Action)[])
                 [
                     ("a script of the same length", () => File.WriteAllText(At("scripts/banner.nse"), "eno"), () => File.WriteAllText(At("scripts/banner.nse"), "one")),
                     ("a library", () => File.AppendAllText(At("nselib/http.lua"), "!"), () => File.WriteAllText(At("nselib/http.lua"), "two")),
                     ("a new script", () => File.WriteAllText(At("scripts/new.nse"), ""), () => File.Delete(At("scripts/new.nse"))),
                     ("a script that is gone", () => File.Delete(At("scripts/script.db")), () => File.WriteAllText(At("scripts/script.db"), "Entry")),
                     ("another name", () => File.Move(At("nselib/http.lua"), At("nselib/https.lua")), () => File.Move(At("nselib/https.lua"), At("nselib/http.lua"))),
                     ("a link in its place", () => Link("/etc/passwd"), () => File.Delete(At("nselib/link"))),
                     ("an empty folder", () => Directory.CreateDirectory(At("more")), () => Directory.Delete(At("more"))),
                 ])
        {
            var seen = Now().Marks;
            UntilTheClockOfFilesGoesOn();
            change();
            Now().Sha256.ShouldNotBe(before.Sha256, what);
            seen.Any(mark => FileMark.Of(mark.Key) != mark.Value).ShouldBeTrue(what);
            back();
            Now().Sha256.ShouldBe(before.Sha256, what);
        }

        void Link(string target) => File.CreateSymbolicLink(At("nselib/link"), target);
    }

    // What is changed within one tick of the kernel's clock for files bears the same time.
    private static void UntilTheClockOfFilesGoesOn()
    {
        var probe = Path.GetTempFileName();
        for (var first = FileMark.Of(probe); FileMark.Of(probe) == first; File.WriteAllText(probe, "x"))
            File.WriteAllText(probe, "");
        File.Delete(probe);
    }

    [Fact]
    public void Of_nothing_is_null() => DataDigest.Of([At("absent")]).Sha256.ShouldBeNull();

    [Fact]
    public void Script_that_is_not_the_one_that_was_planned_with_is_not_handed_to_a_run()
    {
        var scripts = At("scripts");
        var digest = Now().Files[ScriptFolder.PathOf(scripts, "banner")];
        ScriptFolder.Fill(scripts, Directory.CreateDirectory(At("first")).FullName, ["banner"], [digest]);
        File.ReadAllText(At("first/banner.nse")).ShouldBe("one");
        File.WriteAllText(At("scripts/banner.nse"), "eno");
        Should.Throw<RunnerException>(() => ScriptFolder.Fill(scripts, Directory.CreateDirectory(At("second")).FullName, ["banner"], [digest])).Message.ShouldContain("is not the script of the inventory");
        Should.Throw<RunnerException>(() => ScriptFolder.Fill(scripts, Directory.CreateDirectory(At("third")).FullName, ["absent"], [""])).Message.ShouldContain("there is no script");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
