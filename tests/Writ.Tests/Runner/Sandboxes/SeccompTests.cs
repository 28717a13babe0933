using System.Buffers.Binary;
using System.Text.RegularExpressions;
using Writ.Runner.Kernel;
using Writ.Runner.Sandboxes;

namespace Writ.Tests.Runner.Sandboxes;

public sealed partial class SeccompTests
{
    private const uint Eperm = Seccomp.Errno | Seccomp.Eperm;

    public static TheoryData<uint> Architectures => [Seccomp.ArchitectureX64, Seccomp.ArchitectureArm64];

    /// <summary>What the kernel would answer: an interpreter of the part of classic BPF that is used, which refuses any other.</summary>
    private static uint Answer(byte[] program, uint architecture, uint number, params ulong[] arguments)
    {
        var data = new byte[64];
        BinaryPrimitives.WriteUInt32LittleEndian(data, number);
        BinaryPrimitives.WriteUInt32LittleEndian(data.AsSpan(4), architecture);
        for (var i = 0; i < arguments.Length; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(data.AsSpan(16 + (8 * i)), arguments[i]);
        uint word = 0;
        for (var at = 0; ;)
        {
            var instruction = program.AsSpan(8 * at++, 8);
            var operand = BinaryPrimitives.ReadUInt32LittleEndian(instruction[4..]);
            bool? jumps = null;
            switch (BinaryPrimitives.ReadUInt16LittleEndian(instruction))
            {
                case 0x20:
                    word = BinaryPrimitives.ReadUInt32LittleEndian(data.AsSpan((int)operand));
                    break;
                case 0x15:
                    jumps = word == operand;
                    break;
                case 0x35:
                    jumps = word >= operand;
                    break;
                case 0x45:
                    jumps = (word & operand) != 0;
                    break;
                case 0x06:
                    return operand;
                case var code:
                    throw new InvalidOperationException($"the instruction {code:x} is none of ours");
            }

            if (jumps is { } does)
                at += does ? instruction[2] : instruction[3];
        }
    }

    private static uint Answer(uint architecture, uint number, params ulong[] arguments) => Answer(Seccomp.Program(architecture), architecture, number, arguments);

    private static int NumberOf((string Name, int X64, int Arm64) call, uint architecture) => architecture == Seccomp.ArchitectureX64 ? call.X64 : call.Arm64;

    [Theory]
    [MemberData(nameof(Architectures))]
    public void Every_listed_call_is_denied_and_every_other_passes(uint architecture)
    {
        uint[] looked = architecture == Seccomp.ArchitectureX64 ? [16, 41, 53, 56, 435] : [29, 198, 199, 220, 435];
        var denied = Seccomp.Denied.Select(call => NumberOf(call, architecture)).Where(number => number >= 0).Select(number => (uint)number).ToHashSet();
        for (uint number = 0; number < 1_000; number++)
        {
            if (!looked.Contains(number))
                Answer(architecture, number).ShouldBe(denied.Contains(number) ? Eperm : Seccomp.Allow, $"{number}");
        }
    }

    [Theory]
    [MemberData(nameof(Architectures))]
    public void Another_architecture_is_killed(uint architecture)
    {
        var program = Seccomp.Program(architecture);
        foreach (var other in new[] { 0x40000003u /* i386 */, 0x40000028u /* arm */, Seccomp.ArchitectureX64, Seccomp.ArchitectureArm64 }.Where(other => other != architecture))
            Answer(program, other, 0).ShouldBe(Seccomp.KillProcess);
    }

    [Fact]
    public void Calls_of_x32_are_killed_and_the_number_that_is_none_is_not()
    {
        foreach (var number in new[] { 0u, 39u, 165u })
            Answer(Seccomp.ArchitectureX64, number | 0x40000000).ShouldBe(Seccomp.KillProcess);
        Answer(Seccomp.ArchitectureX64, uint.MaxValue).ShouldBe(Seccomp.Allow);
    }

    [Theory]
    [MemberData(nameof(Architectures))]
    public void Threads_pass_and_new_namespaces_do_not(uint architecture)
    {
        var clone = architecture == Seccomp.ArchitectureX64 ? 56u : 220u;
        Answer(architecture, clone, 0x3d0f00 /* a thread of glibc's */).ShouldBe(Seccomp.Allow);
        Answer(architecture, clone, 0x11 /* SIGCHLD: a child */).ShouldBe(Seccomp.Allow);
        foreach (var bit in new[] { 0x20000UL, 0x2000000UL, 0x4000000UL, 0x8000000UL, 0x10000000UL, 0x20000000UL, 0x40000000UL })
            Answer(architecture, clone, bit | 0x11).ShouldBe(Eperm, $"{bit:x}");
        Answer(architecture, 435).ShouldBe(Seccomp.Errno | Seccomp.Enosys);
    }

    [Theory]
    [MemberData(nameof(Architectures))]
    public void Sockets_are_of_five_families(uint architecture)
    {
        foreach (var call in architecture == Seccomp.ArchitectureX64 ? [41u, 53u] : new[] { 198u, 199u })
        {
            for (ulong family = 0; family < 64; family++)
                Answer(architecture, call, family, 2, 0).ShouldBe(family is 1 or 2 or 10 or 16 or 17 ? Seccomp.Allow : Seccomp.Errno | Seccomp.Eafnosupport, $"family {family}");
            // The kernel looks at the low half alone, and so must we.
            Answer(architecture, call, 0x1_0000_0000 | 38, 2, 0).ShouldBe(Seccomp.Errno | Seccomp.Eafnosupport);
            Answer(architecture, call, 16, 3, 12 /* netfilter */).ShouldBe(Seccomp.Errno | Seccomp.Eprotonosupport);
        }
    }

    [Theory]
    [MemberData(nameof(Architectures))]
    public void Nothing_is_typed_into_a_terminal(uint architecture)
    {
        var ioctl = architecture == Seccomp.ArchitectureX64 ? 16u : 29u;
        Answer(architecture, ioctl, 0, 0x5412).ShouldBe(Eperm);
        Answer(architecture, ioctl, 0, 0xdead_0000_5412).ShouldBe(Eperm);
        Answer(architecture, ioctl, 0, 0x541c).ShouldBe(Eperm);
        Answer(architecture, ioctl, 0, 0x5413 /* the window's size */).ShouldBe(Seccomp.Allow);
    }

    // A number that is wrong denies something else and lets through what it was meant for.
    [Theory]
    [InlineData("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", Seccomp.ArchitectureX64)]
    [InlineData("/usr/include/asm-generic/unistd.h", Seccomp.ArchitectureArm64)]
    public void Numbers_are_those_of_the_kernels_headers(string header, uint architecture)
    {
        var numbers = Define().Matches(File.ReadAllText(header)).DistinctBy(match => match.Groups[1].Value)
            .ToDictionary(match => match.Groups[1].Value, match => int.Parse(match.Groups[2].ValueSpan, null));
        var known = 0;
        foreach (var call in Seccomp.Denied.Where(call => NumberOf(call, architecture) >= 0 && numbers.ContainsKey(call.Name)))
        {
            NumberOf(call, architecture).ShouldBe(numbers[call.Name], call.Name);
            known++;
        }

        known.ShouldBeGreaterThan(Seccomp.Denied.Count - 10, "the headers of the build's machine know nearly all");
    }

    [Fact]
    public void ToBytes_jump_backward_or_too_far_or_no_end_is_refused()
    {
        Should.Throw<InvalidOperationException>(() => new BpfProgram().ToBytes());
        Should.Throw<InvalidOperationException>(() => new BpfProgram().Word(0).ToBytes());
        Should.Throw<InvalidOperationException>(() => new BpfProgram().Label("back").Word(0).WhenEqual(1, "back").Return(0).ToBytes());
        Should.Throw<KeyNotFoundException>(() => new BpfProgram().WhenEqual(1, "nowhere").Return(0).ToBytes());
        var far = new BpfProgram().WhenEqual(1, "end");
        for (var i = 0; i < 255; i++)
            far.Word(0);
        far.Label("end").Return(0).ToBytes()[2].ShouldBe((byte)255);
        Should.Throw<InvalidOperationException>(() =>
        {
            var tooFar = new BpfProgram().WhenEqual(1, "end");
            for (var i = 0; i < 256; i++)
                tooFar.Word(0);
            tooFar.Label("end").Return(0).ToBytes();
        });
    }

    [GeneratedRegex(@"#define __NR(?:3264)?_(\w+)\s+(\d+)\s*$", RegexOptions.Multiline)]
    private static partial Regex Define();
}
