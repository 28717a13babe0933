using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Xml.Linq;

namespace Writ.Tests.Architecture;

/// <summary>
/// The borders of <c>ARCHITECTURE.md</c>, read from the compiled assemblies and the project files. Each check is also run
/// against something that breaks it, so that it is known to be able to fail.
/// </summary>
public sealed class BordersTests
{
    /// <summary>What reaches outside the process. Streams and paths as such do not.</summary>
    private static readonly HashSet<string> World = new(StringComparer.Ordinal)
    {
        "System.IO.File", "System.IO.FileInfo", "System.IO.FileStream", "System.IO.FileSystemInfo", "System.IO.RandomAccess",
        "System.IO.Directory", "System.IO.DirectoryInfo", "System.IO.DriveInfo", "System.IO.FileSystemWatcher",
        "System.Diagnostics.Process", "System.Diagnostics.ProcessStartInfo", "System.Console",
        "System.Net.Dns", "System.Net.Sockets.Socket", "System.Net.Sockets.TcpClient", "System.Net.Sockets.TcpListener",
        "System.Net.Sockets.UdpClient", "System.Net.Sockets.NetworkStream", "System.Net.Http.HttpClient",
        "System.Threading.Timer", "System.Threading.PeriodicTimer", "System.Runtime.InteropServices.NativeLibrary",
    };

    /// <summary>What reads a clock that nobody passed in.</summary>
    private static readonly HashSet<string> Clock = new(StringComparer.Ordinal)
    {
        "System.DateTime.get_Now", "System.DateTime.get_UtcNow", "System.DateTime.get_Today",
        "System.DateTimeOffset.get_Now", "System.DateTimeOffset.get_UtcNow", "System.TimeProvider.get_System",
        "System.Diagnostics.Stopwatch.StartNew", "System.Diagnostics.Stopwatch.GetTimestamp", "System.Guid.NewGuid",
    };

    [Fact]
    public void Core_references_proof_and_the_readers_of_policies_and_schedules_alone() => Foreign("Writ.Core.dll", "Writ.Proof", "YamlDotNet", "Cronos").ShouldBeEmpty();

    [Fact]
    public void Proof_references_nothing_but_signatures() => Foreign("Writ.Proof.dll", "NSec.Cryptography").ShouldBeEmpty();

    [Theory]
    [InlineData("Writ.Core.dll")]
    [InlineData("Writ.Proof.dll")]
    public void Core_and_proof_reach_nothing_outside_and_read_no_clock(string assembly) => Impure(assembly).ShouldBeEmpty();

    [Theory]
    [InlineData("writ-runner.dll", "src/Writ.Runner/Writ.Runner.csproj")]
    [InlineData("writ.dll", "src/Writ.Cli/Writ.Cli.csproj")]
    public void Runner_and_cli_can_neither_decide_nor_serve(string assembly, string project)
    {
        References(assembly).Intersect(["Writ.Core", "writ-server"]).ShouldBeEmpty();
        Projects(project).Intersect(["Writ.Core", "Writ.Server"]).ShouldBeEmpty();
    }

    [Fact]
    public void Planted_violations_are_found()
    {
        // The server may do all of this: held against the borders of Core, it breaks each of them.
        Foreign("writ-server.dll", "Writ.Proof", "YamlDotNet").ShouldContain("Microsoft.EntityFrameworkCore");
        Foreign("writ-server.dll", "Writ.Proof", "YamlDotNet").ShouldContain("Microsoft.AspNetCore");
        Foreign("Writ.Core.dll", "NSec.Cryptography").ShouldContain("YamlDotNet");
        Impure("writ-server.dll").ShouldContain("System.IO.File");
        Impure("writ-server.dll").ShouldContain("System.TimeProvider.get_System");
        Impure("writ-server.dll").ShouldContain("System.Environment.GetEnvironmentVariable");
        Impure("writ-runner.dll").ShouldContain("System.IO.Directory");
        Impure("writ-runner.dll").ShouldContain("native setns");
        References("writ-server.dll").ShouldContain("Writ.Core");
        Projects("src/Writ.Server/Writ.Server.csproj").ShouldContain("Writ.Core");
        // Also over a project in between.
        Projects("tests/Writ.Tests/Writ.Tests.csproj").ShouldContain("Writ.Proof");
    }

    /// <summary>The assemblies that one references and may not; the base library's are always allowed.</summary>
    private static IReadOnlyList<string> Foreign(string assembly, params string[] allowed) =>
        [.. References(assembly).Where(name => name != "System" && !name.StartsWith("System.", StringComparison.Ordinal)).Except(allowed)];

    private static IReadOnlyList<string> References(string assembly) => Read(assembly, metadata =>
        metadata.AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name)));

    /// <summary>The types and members that an assembly uses and that reach outside or read a clock.</summary>
    private static IReadOnlyList<string> Impure(string assembly) => Read(assembly, metadata =>
    {
        var types = metadata.TypeReferences.Select(handle => NameOf(metadata, handle));
        var members = metadata.MemberReferences.Select(metadata.GetMemberReference)
            .Where(member => member.Parent.Kind == HandleKind.TypeReference)
            .Select(member => $"{NameOf(metadata, (TypeReferenceHandle)member.Parent)}.{metadata.GetString(member.Name)}");
        // What is called outside .NET is named as such.
        var imports = metadata.MethodDefinitions.Select(handle => metadata.GetMethodDefinition(handle))
            .Where(method => (method.Attributes & System.Reflection.MethodAttributes.PinvokeImpl) != 0)
            .Select(method => $"native {metadata.GetString(method.GetImport().Name)}");
        return types.Where(World.Contains).Concat(members.Where(member => Clock.Contains(member) || IsOfTheEnvironment(member))).Concat(imports);
    });

    /// <summary>The compiler asks for the thread's number in each iterator; everything else there belongs to the machine.</summary>
    private static bool IsOfTheEnvironment(string member) =>
        member.StartsWith("System.Environment.", StringComparison.Ordinal) && member != "System.Environment.get_CurrentManagedThreadId";

    private static string NameOf(MetadataReader metadata, TypeReferenceHandle handle)
    {
        var type = metadata.GetTypeReference(handle);
        return $"{metadata.GetString(type.Namespace)}.{metadata.GetString(type.Name)}";
    }

    private static IReadOnlyList<string> Read(string assembly, Func<MetadataReader, IEnumerable<string>> find)
    {
        using var file = new PEReader(File.OpenRead(Path.Combine(AppContext.BaseDirectory, assembly)));
        return [.. find(file.GetMetadataReader()).Distinct().Order(StringComparer.Ordinal)];
    }

    /// <summary>Every project that one references, over others too; the compiler leaves out of an assembly what is not used yet.</summary>
    private static HashSet<string> Projects(string project)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        Follow(Repository.At(project));
        return found;

        void Follow(string path)
        {
            foreach (var reference in XDocument.Load(path).Descendants("ProjectReference").Select(element => element.Attribute("Include")!.Value))
            {
                if (found.Add(Path.GetFileNameWithoutExtension(reference)))
                    Follow(Path.Combine(Path.GetDirectoryName(path)!, reference));
            }
        }
    }
}
