using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Writ.Server.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    [DbContext(typeof(SqliteWritDb))]
    [Migration("20261126195043_ResultsAndRetention")]
    public partial class ResultsAndRetention : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<long>(
                name: "DeletedAt",
                table: "files",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "Keep",
                table: "files",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "deletions",
                columns: table => new
                {
                    RunId = table.Column<string>(type: "TEXT", nullable: false),
                    Kind = table.Column<string>(type: "TEXT", nullable: false),
                    At = table.Column<long>(type: "INTEGER", nullable: false),
                    Keep = table.Column<long>(type: "INTEGER", nullable: false),
                    Done = table.Column<bool>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_deletions", x => new { x.RunId, x.Kind });
                });

            migrationBuilder.CreateTable(
                name: "result_hosts",
                columns: table => new
                {
                    RunId = table.Column<string>(type: "TEXT", nullable: false),
                    Address = table.Column<byte[]>(type: "BLOB", nullable: false),
                    State = table.Column<string>(type: "TEXT", nullable: false),
                    Content = table.Column<string>(type: "TEXT", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_result_hosts", x => new { x.RunId, x.Address });
                });

            migrationBuilder.CreateTable(
                name: "result_ports",
                columns: table => new
                {
                    RunId = table.Column<string>(type: "TEXT", nullable: false),
                    Address = table.Column<byte[]>(type: "BLOB", nullable: false),
                    Protocol = table.Column<string>(type: "TEXT", nullable: false),
                    Port = table.Column<int>(type: "INTEGER", nullable: false),
                    State = table.Column<string>(type: "TEXT", nullable: false),
                    Said = table.Column<string>(type: "TEXT", nullable: true),
                    Reason = table.Column<string>(type: "TEXT", nullable: true),
                    Service = table.Column<string>(type: "TEXT", nullable: true),
                    Product = table.Column<string>(type: "TEXT", nullable: true),
                    Scripts = table.Column<string>(type: "TEXT", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_result_ports", x => new { x.RunId, x.Address, x.Protocol, x.Port });
                });

            migrationBuilder.CreateTable(
                name: "results",
                columns: table => new
                {
                    RunId = table.Column<string>(type: "TEXT", nullable: false),
                    Sha256 = table.Column<string>(type: "TEXT", nullable: false),
                    Bytes = table.Column<long>(type: "INTEGER", nullable: false),
                    Cut = table.Column<bool>(type: "INTEGER", nullable: false),
                    KeptAt = table.Column<long>(type: "INTEGER", nullable: false),
                    Content = table.Column<string>(type: "TEXT", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_results", x => x.RunId);
                    table.ForeignKey(
                        name: "FK_results_runs_RunId",
                        column: x => x.RunId,
                        principalTable: "runs",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateTable(
                name: "retention",
                columns: table => new
                {
                    Kind = table.Column<string>(type: "TEXT", nullable: false),
                    Keep = table.Column<long>(type: "INTEGER", nullable: false),
                    SetAt = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_retention", x => x.Kind);
                });

            migrationBuilder.CreateIndex(
                name: "IX_deletions_Done",
                table: "deletions",
                column: "Done");

            migrationBuilder.CreateIndex(
                name: "IX_result_hosts_Address",
                table: "result_hosts",
                column: "Address");

            migrationBuilder.CreateIndex(
                name: "IX_result_ports_Address_Port_Protocol",
                table: "result_ports",
                columns: new[] { "Address", "Port", "Protocol" });

            migrationBuilder.CreateIndex(
                name: "IX_results_Sha256",
                table: "results",
                column: "Sha256");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "deletions");

            migrationBuilder.DropTable(
                name: "result_hosts");

            migrationBuilder.DropTable(
                name: "result_ports");

            migrationBuilder.DropTable(
                name: "results");

            migrationBuilder.DropTable(
                name: "retention");

            migrationBuilder.DropColumn(
                name: "DeletedAt",
                table: "files");

            migrationBuilder.DropColumn(
                name: "Keep",
                table: "files");
        }
    }
}
