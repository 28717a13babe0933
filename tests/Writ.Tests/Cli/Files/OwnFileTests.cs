using Writ.Cli.Files;

namespace Writ.Tests.Cli.Files;

public sealed class OwnFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("writ-own-").FullName;

    private string At(string name) => Path.Combine(_folder, name);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Write_new_file_is_there_and_nothing_beside_it()
    {
        OwnFile.Write(At("scan.xml"), "<x/>"u8.ToArray(), append: false);
        File.ReadAllText(At("scan.xml")).ShouldBe("<x/>");
        Directory.GetFileSystemEntries(_folder).Length.ShouldBe(1);
    }

    [Fact]
    public void Write_existing_file_is_replaced_and_keeps_its_mode()
    {
        File.WriteAllText(At("scan"), "before and longer");
        File.SetUnixFileMode(At("scan"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        OwnFile.Write(At("scan"), "after"u8.ToArray(), append: false);
        File.ReadAllText(At("scan")).ShouldBe("after");
        File.GetUnixFileMode(At("scan")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public void Write_append_adds()
    {
        OwnFile.Write(At("log"), "one\n"u8.ToArray(), append: true);
        OwnFile.Write(At("log"), "two\n"u8.ToArray(), append: true);
        File.ReadAllText(At("log")).ShouldBe("one\ntwo\n");
    }

    [Fact]
    public void Write_link_to_a_file_writes_that_file_and_the_link_stays()
    {
        File.WriteAllText(At("real"), "before");
        File.CreateSymbolicLink(At("link"), At("real"));
        OwnFile.Write(At("link"), "after"u8.ToArray(), append: false);
        File.ReadAllText(At("real")).ShouldBe("after");
        new FileInfo(At("link")).LinkTarget.ShouldNotBeNull();
    }

    [Fact]
    public void Write_into_anything_else_is_refused_and_changes_nothing()
    {
        Directory.CreateDirectory(At("folder"));
        File.CreateSymbolicLink(At("dangling"), At("nowhere"));
        File.CreateSymbolicLink(At("device"), "/dev/null");
        foreach (var (path, why) in new[]
        {
            (At("folder"), "it is a folder"), (At("dangling"), "it is a link to nothing"), (At("device"), "it is no regular file"),
            ("/dev/null", "it is no regular file"), (At("no/such/folder"), "there is no folder"),
        })
        {
            foreach (var append in new[] { false, true })
                Should.Throw<IOException>(() => OwnFile.Write(path, "x"u8.ToArray(), append)).Message.ShouldContain(why);
            OwnFile.Trouble(path).ShouldNotBeNull().ShouldContain(why);
        }

        Directory.GetFileSystemEntries(_folder).Length.ShouldBe(3);
    }
}
