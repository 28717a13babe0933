using System.Security.Cryptography;
using Writ.Runner.Results;

namespace Writ.Tests.Runner.Results;

/// <summary>The bytes of a tool's results, kept as they come and never more than there is room for.</summary>
public sealed class ResultsCopyTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("writ-copy-").FullName;

    private string Path => System.IO.Path.Combine(_folder, "results.xml");

    [Fact]
    public void Bytes_are_kept_in_order_with_their_digest()
    {
        using var copy = new ResultsCopy(Path, most: 100);
        copy.Add("<nmap"u8);
        copy.Add([]);
        copy.Add("run/>"u8);
        var kept = copy.Seal(cut: false).ShouldNotBeNull();
        (kept.Path, kept.Bytes, kept.Sha256, kept.Cut).ShouldBe(("/live/xml", 10, Convert.ToHexStringLower(SHA256.HashData("<nmaprun/>"u8)), false));
        copy.Add("late"u8);
        File.ReadAllBytes(Path).ShouldBe("<nmaprun/>"u8.ToArray());
    }

    [Fact]
    public void What_is_past_the_limit_is_not_kept_and_the_end_says_so()
    {
        using var copy = new ResultsCopy(Path, most: 8);
        for (var i = 0; i < 1_000; i++)
            copy.Add("12345"u8);
        var kept = copy.Seal(cut: false).ShouldNotBeNull();
        (kept.Bytes, kept.Sha256, kept.Cut).ShouldBe((8, Convert.ToHexStringLower(SHA256.HashData("12345123"u8)), true));
        File.ReadAllBytes(Path).ShouldBe("12345123"u8.ToArray());
    }

    [Fact]
    public void Nothing_that_came_is_nothing_to_tell()
    {
        using var copy = new ResultsCopy(Path, most: 8);
        copy.Seal(cut: true).ShouldBeNull();
        File.Exists(Path).ShouldBeFalse();
    }

    [Fact]
    public void Disk_that_takes_no_more_cuts_them_and_throws_nothing()
    {
        using var copy = new ResultsCopy("/dev/full", most: 100);
        copy.Add("12345"u8);
        copy.Add("12345"u8);
        copy.Seal(cut: false).ShouldBeNull();
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
