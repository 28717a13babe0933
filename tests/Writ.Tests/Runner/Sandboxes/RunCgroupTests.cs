using Writ.Runner.Sandboxes;

namespace Writ.Tests.Runner.Sandboxes;

/// <summary>What is written to and read from a cgroup v2, by folders that look like one.</summary>
public sealed class RunCgroupTests : IDisposable
{
    private readonly string _home = Directory.CreateTempSubdirectory("writ-cgroup-").FullName;

    public void Dispose() => Directory.Delete(_home, recursive: true);

    private string Text(params string[] names) => File.ReadAllText(Path.Combine([_home, .. names]));

    private void Put(string text, params string[] names) => File.WriteAllText(Path.Combine([_home, .. names]), text);

    [Fact]
    public void Inside_enters_starts_and_comes_back_before_processes_are_limited()
    {
        Directory.CreateDirectory(Path.Combine(_home, "daemon"));
        using var cgroup = RunCgroup.Make(_home, "run_1", Path.Combine(_home, "daemon"), new() { MemoryBytes = 32 << 20, Processes = 9 });
        (Text("run_1", "memory.max"), Text("run_1", "memory.oom.group")).ShouldBe(("33554432", "1"));
        cgroup.Inside(() =>
        {
            Text("run_1", "cgroup.procs").ShouldBe("0");
            File.Exists(Path.Combine(_home, "daemon", "cgroup.procs")).ShouldBeFalse();
            File.Exists(Path.Combine(_home, "run_1", "pids.max")).ShouldBeFalse();
            return true;
        }).ShouldBeTrue();
        Text("daemon", "cgroup.procs").ShouldBe("0");
        Text("run_1", "pids.max").ShouldBe("12");
    }

    [Fact]
    public void Inside_start_that_fails_comes_back_all_the_same()
    {
        Directory.CreateDirectory(Path.Combine(_home, "daemon"));
        using var cgroup = RunCgroup.Make(_home, "run_1", Path.Combine(_home, "daemon"), new());
        Should.Throw<IOException>(() => cgroup.Inside<bool>(() => throw new IOException("no")));
        Text("daemon", "cgroup.procs").ShouldBe("0");
    }

    [Fact]
    public void Exceeded_tells_what_the_kernel_counted()
    {
        using var cgroup = RunCgroup.Make(_home, "run_1", _home, new() { MemoryBytes = 32 << 20, Processes = 9 });
        cgroup.Exceeded().ShouldBeNull();
        Put("low 0\nhigh 0\nmax 7\noom 0\noom_kill 0\noom_group_kill 0\n", "run_1", "memory.events");
        Put("max 0\n", "run_1", "pids.events");
        cgroup.Exceeded().ShouldBeNull("memory that could be taken back is not over");
        Put("max 3\n", "run_1", "pids.events");
        cgroup.Exceeded().ShouldBe((false, "it was refused more than 9 processes"));
        Put("low 0\nhigh 0\nmax 7\noom 1\noom_kill 2\noom_group_kill 1\n", "run_1", "memory.events");
        cgroup.Exceeded().ShouldBe((true, "it took more than 32 MiB of memory"));
    }

    [Theory]
    [InlineData("cpu io memory pids\n", true)]
    [InlineData("memory pids\n", true)]
    [InlineData("memory\n", false)]
    [InlineData("hugetlb\n", false)]
    public void Divide_needs_both_controllers(string controllers, bool can)
    {
        Put(controllers, "cgroup.controllers");
        (CgroupHome.Divide(_home, out var why) is not null).ShouldBe(can);
        if (can)
            (Text("daemon", "cgroup.procs"), Text("cgroup.subtree_control")).ShouldBe(("0", "+memory +pids"));
        else
            why.ShouldContain("counts neither");
    }

    [Fact]
    public void Divide_removes_what_earlier_runs_left_and_refuses_what_cannot_be_divided()
    {
        CgroupHome.Divide(_home, out var why).ShouldBeNull();
        why.ShouldContain("cannot be divided");
        Put("memory pids", "cgroup.controllers");
        Directory.CreateDirectory(Path.Combine(_home, "run_left"));
        CgroupHome.Divide(_home, out _).ShouldBe(_home);
        Directory.Exists(Path.Combine(_home, "run_left")).ShouldBeFalse();
    }

    [Fact]
    public void Mount_is_the_first_of_version_2() => CgroupHome.Mount(
    [
        "24 30 0:22 / /sys rw,nosuid - sysfs sysfs rw", "35 24 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory",
        "36 24 0:31 / /sys/fs/cgroup/unified rw,nosuid shared:9 - cgroup2 cgroup2 rw",
    ]).ShouldBe("/sys/fs/cgroup/unified");
}
