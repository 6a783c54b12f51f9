// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

// The points of database/sql's contract, and the tests that hold the driver to them.
//
//	optional interfaces                 TestOptionalInterfaces, TestDriverInterfaces
//	context cancelled before a call     TestCancelledBefore, TestConnectObeysContext
//	context cancelled during a call     TestLongStatementsObeyContext, TestCancelWhileReading,
//	                                    TestCancelWhileWaiting, TestFilteredScanIsCancelled
//	context cancelled after a call      TestCancelledAfter, TestCancelWhileReading
//	rows closed early                   TestRowsClosedEarly, TestRemainingStatements
//	queries beside one writer           TestTransfers, TestQueryKeepsItsState, TestWriterWaitsForItsTurn
//	statements across connections       TestStatementAcrossConnections, TestPreparedStatements
//	transaction ended by its context    TestTransactionEndsWithItsContext
//	sql.ErrTxDone                       TestTxDone
//	driver.ErrBadConn                   TestBrokenConnection, TestPanicBreaksTheConnection,
//	                                    TestPanicEndsTheText
//	nil and empty bytes                 TestEmptyBytes, TestArguments, TestScan
//	lifetime of arguments               TestArgumentsAreTheCallers, TestComputingKeepsNoArguments
//	lifetime of results                 TestResultsAreTheCallers, TestBoxedResults, TestRawBytesOutliveCancel
//	number and names of arguments       TestWrongArguments, TestStatements
//	column types                        TestColumnTypes, TestComputedColumnTypes, TestNumericKeyTypes,
//	                                    TestColumnTypeLength
//	Conn.Raw                            TestEngineOfConnection, TestBulkLoad
//	one connection only                 TestOneConnection
//	nothing left after Close            TestNothingLeft, TestCloseWhileInUse, TestCloseWithRowsOpen
//	database in memory                  TestMemoryIsPrivate, TestMemoryLivesWithItsPool
//	Valuer, Null[T], Named              TestOddArguments, TestNullDestinations
//	transactions by text                TestTextsInTransactions, TestTransactionTexts
//	deadline and busy_timeout           TestDeadlineWithinBusyTimeout, TestBusyTimeout
//	many arguments                      TestHugeInList
//	cost                                BenchmarkCost, TestAllocationsAreThoseOfDatabaseSQL,
//	                                    TestPlansAreSharedByThePool
//	ResetSession, IsValid               TestResetSession, TestConnectionReturnedWithTransaction
//	several result sets                 TestResultSets, TestRemainingStatements
//	isolation levels, read-only         TestIsolationLevels, TestReadOnlyTransaction
//	LastInsertId, RowsAffected          TestLastInsertID, TestUncountedDeletes

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"math"
	"testing"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

// TestOptionalInterfaces lists the interfaces of database/sql/driver. Without meaning
// here are Execer, Queryer and ColumnConverter, which newer ones have replaced, and
// RowsColumnTypePrecisionScale, because there are no decimals. A statement needs no
// NamedValueChecker, its connection is asked.
func TestOptionalInterfaces(t *testing.T) {
	db := openMemory(t, "")
	if _, ok := db.Driver().(driver.DriverContext); !ok {
		t.Error("the driver is no DriverContext")
	}
	connector, err := lsmlite.NewConnector(lsmlite.Config{Path: ":memory:"})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := any(connector).(io.Closer); !ok {
		t.Error("the connector is no io.Closer")
	}
	missing := func(what string, ok ...bool) {
		for i, ok := range ok {
			if !ok {
				t.Errorf("%s lacks interface %d", what, i)
			}
		}
	}
	err = connect(t, db).Raw(func(dc any) error {
		_, conn0 := dc.(driver.ConnPrepareContext)
		_, conn1 := dc.(driver.ConnBeginTx)
		_, conn2 := dc.(driver.ExecerContext)
		_, conn3 := dc.(driver.QueryerContext)
		_, conn4 := dc.(driver.Pinger)
		_, conn5 := dc.(driver.SessionResetter)
		_, conn6 := dc.(driver.Validator)
		_, conn7 := dc.(driver.NamedValueChecker)
		missing("the connection", conn0, conn1, conn2, conn3, conn4, conn5, conn6, conn7)
		stmt, err := dc.(driver.Conn).Prepare("SELECT key")
		if err != nil {
			return err
		}
		_, stmt0 := stmt.(driver.StmtExecContext)
		_, stmt1 := stmt.(driver.StmtQueryContext)
		missing("the statement", stmt0, stmt1)
		rows, err := stmt.(driver.StmtQueryContext).QueryContext(context.Background(), nil)
		if err != nil {
			return err
		}
		_, rows0 := rows.(driver.RowsNextResultSet)
		_, rows1 := rows.(driver.RowsColumnTypeDatabaseTypeName)
		_, rows2 := rows.(driver.RowsColumnTypeScanType)
		_, rows3 := rows.(driver.RowsColumnTypeNullable)
		_, rows4 := rows.(driver.RowsColumnTypeLength)
		missing("the rows", rows0, rows1, rows2, rows3, rows4)
		return errors.Join(rows.Close(), stmt.Close())
	})
	if err != nil {
		t.Error(err)
	}
}

func TestColumnTypeLength(t *testing.T) {
	db := openMemory(t, "value_type=text")
	rows, err := db.Query("SELECT key, value, 1, 1.5, length(key), key || 'x' FROM kv")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		t.Fatal(err)
	}
	for i, limited := range []bool{true, true, false, false, false, true} {
		length, ok := types[i].Length()
		if ok != limited || ok && length != math.MaxInt64 {
			t.Errorf("column %d: %d, %v", i, length, ok)
		}
		if _, _, ok := types[i].DecimalSize(); ok {
			t.Errorf("column %d has a decimal size", i)
		}
	}
}
