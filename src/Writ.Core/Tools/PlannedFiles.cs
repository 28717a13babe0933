using Writ.Proof.Addresses;

namespace Writ.Core.Tools;

/// <summary>A file of the requester's that gave the plan its meaning; shown to the approver.</summary>
/// <param name="Argument">The path as it stands in the typed argv.</param>
/// <param name="Purpose">What the tool takes from it: <c>targets</c>, <c>exclusions</c>, <c>script</c>, <c>services</c>, …</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">Lower-case hexadecimal digest.</param>
public sealed record PlannedInput(string Argument, string Purpose, long Bytes, string Sha256);

/// <summary>
/// A file that lies read-only in the sandbox. Its content is the requester's (a script) or made from the plan (a list of
/// many targets); what the canonical argv names is only ever one of these.
/// </summary>
/// <param name="Path">Its absolute path inside, always under <c>/in/</c>.</param>
/// <param name="Content">Its bytes.</param>
/// <param name="Sha256">Lower-case hexadecimal digest.</param>
public sealed record PlannedFile(string Path, ReadOnlyMemory<byte> Content, string Sha256);

/// <summary>A file that the run writes in the sandbox and that is handed back to the requester.</summary>
/// <param name="Argument">The path as it stands in the typed argv; only the client ever opens it.</param>
/// <param name="Path">The absolute path inside, always under <c>/out/</c>; what the canonical argv names.</param>
/// <param name="Format">What it will hold: <c>normal</c>, <c>xml</c>, <c>grepable</c>, …</param>
/// <param name="Append">True where the client adds to its file instead of replacing it.</param>
public sealed record PlannedOutput(string Argument, string Path, string Format, bool Append = false)
{
    /// <summary>What the tool adds to the argument to make the file's name (<c>.xml</c> of Nmap's <c>-oA base</c>), or empty.</summary>
    public string Ending { get; init; } = "";
}

/// <summary>How a tool tells what it finds while it still runs.</summary>
/// <param name="Format">What it writes: <c>nmap-xml</c>.</param>
/// <param name="Path">Where, in the sandbox.</param>
/// <param name="Status">What becomes of the tool's own lines about its progress; see <see cref="Writ.Proof.Statements.StatementLive"/>.</param>
/// <param name="Arguments">What the argv needs beside what was typed.</param>
public sealed record PlannedLive(string Format, string Path, string Status, IReadOnlyList<string> Arguments);

/// <summary>A name of the command with the addresses that it was pinned to; inside the sandbox it means exactly these.</summary>
/// <param name="Name">As typed.</param>
/// <param name="Addresses">In the order of the resolver's answer; the tool talks to the first unless told otherwise.</param>
public sealed record PinnedName(string Name, IReadOnlyList<Address> Addresses);

/// <summary>What a run sends for one purpose. The fence is built from all of them together.</summary>
/// <param name="Purpose"><c>discovery</c>, <c>ports</c>, <c>version</c>, <c>os</c>, <c>scripts</c> or <c>traceroute</c>; <c>relays</c> for hosts beside the targets.</param>
/// <param name="Scope">Where it goes.</param>
/// <param name="Packets">An estimate of the packets that leave for it.</param>
public sealed record PlannedTraffic(string Purpose, NetworkScope Scope, long Packets);
