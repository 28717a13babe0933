using System.Buffers.Text;
using Writ.Server.Identity;

namespace Writ.Tests.Server.Identity;

/// <summary>What must not be guessed.</summary>
public class SecretsTests
{
    [Fact]
    public void Secrets_have_256_bits_of_the_systems_generator()
    {
        byte[][] made = [.. Enumerable.Range(0, 1_000).Select(_ => Base64Url.DecodeFromChars(Secrets.New(Secrets.Token).AsSpan(Secrets.Token.Length)))];
        made.ShouldAllBe(bytes => bytes.Length == 32);
        made.Select(Convert.ToHexString).ShouldBeUnique();
        // Every bit is set about half of the time; a generator that leaves one out is far outside.
        for (var bit = 0; bit < 256; bit++)
            made.Count(bytes => ((bytes[bit / 8] >> (bit % 8)) & 1) == 1).ShouldBeInRange(350, 650);
        Secrets.Hash("secret").ShouldNotBe(Secrets.Hash("Secret"));
    }
}
