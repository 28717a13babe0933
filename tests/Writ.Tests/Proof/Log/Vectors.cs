using System.Text.Json;
using Writ.Proof.Log;
using Writ.Tests.Architecture;

namespace Writ.Tests.Proof.Log;

/// <summary>Published values of other implementations; each file names its source.</summary>
internal static class Vectors
{
    public static JsonElement Merkle { get; } = Read("merkle");

    public static JsonElement Tlog { get; } = Read("tlog");

    public static string[] Texts(this JsonElement list) => [.. list.EnumerateArray().Select(item => item.GetString()!)];

    public static NoteKey Key(string text) => NoteKey.Parse(text).Value;

    private static JsonElement Read(string name) => JsonDocument.Parse(Repository.Text($"tests/Writ.Tests/Proof/Log/vectors/{name}.json")).RootElement;
}
