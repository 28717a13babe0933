using System.CommandLine;
using System.Security.Cryptography;
using System.Text;

namespace Writ.Cli.Identity;

/// <summary><c>writ workload key</c>: a key pair for a workload that has no identity of its own yet.</summary>
internal static class WorkloadKeyVerb
{
    public static Verb Verb(CliContext context)
    {
        var path = new Argument<string>("FILE") { Description = "where the private key is written; there must be no file", HelpName = "FILE" };
        return new Verb("key", "Make a key pair for a workload: writes the private key, prints the public one for the policy",
            "writ workload key scanner.key").With(path).Does((parse, _) =>
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            using (var file = new FileStream(parse.GetRequiredValue(path), new FileStreamOptions
            {
                Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }))
            {
                file.Write(Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem() + "\n"));
                file.Flush(flushToDisk: true);
            }

            context.Terminal.Print(Convert.ToBase64String(key.ExportSubjectPublicKeyInfo()));
            context.Terminal.Remark("writ: in the policy: workloads: { NAME: { key: … } }");
            return Task.FromResult(ExitCode.Ok);
        });
    }
}
